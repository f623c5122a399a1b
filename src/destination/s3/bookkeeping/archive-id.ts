import { z } from 'zod';
import { SyncError } from '../../../errors.ts';
import { isoTime } from '../../../lib/clock.ts';
import { connectionHint } from '../../../lib/http/connection-hint.ts';
import type { Bucket } from '../bucket.ts';
import type { Capabilities, HeaderChecksum } from '../probe/capabilities.ts';
import { isPrecondition, refusalOf } from '../errors.ts';
import { lookUntilSeen } from '../late-objects.ts';
import type { Refusal } from '../http/refusal.ts';
import { idKey, readSmall, writeSmall, type Condition } from './small-objects.ts';

const archiveSchema = z.object({ id: z.string().min(1), version: z.number().int(), createdAt: z.string() });
type Archive = z.infer<typeof archiveSchema>;
const knownVersion = 1;
/** Without conditional writes, another writer may replace a new id during this time. */
const contestMs = 1_000;

/**
 * Returns the archive's id, or undefined. This is the first request to the store, so its error
 * reports whatever is wrong with the store.
 */
export async function identify(bucket: Bucket): Promise<string | undefined> {
  return (await readArchive(bucket))?.id;
}

async function readArchive(bucket: Bucket): Promise<Archive | undefined> {
  const text = await readSmall(bucket, idKey).catch(async (error: unknown) => {
    throw await explained(bucket, error);
  });
  if (text === undefined) return undefined;
  const archive = parseArchive(text);
  if (archive?.version === knownVersion) return archive;
  const wrong = archive ? 'was written by a newer Cloud Sync' : 'is unreadable';
  const hint = archive ? 'Update Cloud Sync.' : 'Restore that object, or choose another prefix.';
  throw new SyncError('DESTINATION_UNUSABLE', `${bucket.location}/${idKey} ${wrong}`, { hint });
}

/** Adds to the error of the first request what may be wrong with the address of the bucket. */
async function explained(bucket: Bucket, error: unknown): Promise<unknown> {
  const refusal = refusalOf(error);
  if (!refusal || !(error instanceof SyncError)) return error;
  const address = await bucket.address().catch(() => new URL('invalid:'));
  const { hostname, origin } = address;
  const isAws = hostname.includes('.amazonaws.');
  const isOwnHost = hostname.startsWith(`${bucket.bucket}.`) && !isAws;
  const pathStyle = `The bucket is expected at ${origin}. If the store has no host name for each bucket, add --s3-path-style.`;
  const withPathStyle = (hint: string) => (isOwnHost ? `${pathStyle} ${hint}` : hint);
  const details = (hint: string) => ({ hint: connectionHint(refusal) ?? withPathStyle(hint), cause: refusal });
  if (error.code === 'DESTINATION_UNUSABLE') {
    const unreadable = refusal.status === null ? bucket.network?.unreadable : undefined;
    const message = unreadable === undefined ? error.message : `${error.message}; ${unreadable}`;
    return new SyncError(error.code, message, details(error.hint ?? ''));
  }
  if (error.code !== 'STORE_FAILED') return error;
  const ofProxy = isGatewayFailure(refusal) ? connectionHint(refusal, address, bucket.network?.proxies) : undefined;
  if (refusal.status !== null) {
    const hint = ofProxy ?? 'The store cannot answer at the moment. Check that it is running, and try again later.';
    return new SyncError('DESTINATION_UNUSABLE', error.message, { hint, cause: refusal });
  }
  const isUnknown = isAws && ['ENOTFOUND', 'EAI_AGAIN'].includes(refusal.code);
  const hint = isUnknown
    ? 'Check the region (AWS_REGION or --s3-region) and the network.'
    : 'Check the endpoint, the network, and that the store is running.';
  const message = `${bucket.location} cannot be reached: ${refusal.message} (${refusal.code})`;
  return new SyncError(
    'DESTINATION_UNUSABLE',
    message,
    ofProxy === undefined ? details(hint) : { hint: ofProxy, cause: refusal },
  );
}

/** Whether no reply came, or one that a proxy sends if it cannot reach the store. */
function isGatewayFailure({ status }: Refusal): boolean {
  return status === null || (status >= 502 && status <= 504);
}

function parseArchive(text: string): Archive | undefined {
  try {
    return archiveSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Writes `id` unless the archive already has an id. Returns the archive's id. On a
 * store without conditional writes the last of several writers wins, so every writer waits and then
 * reads the id.
 */
export async function initialise(bucket: Bucket, id: string, capabilities: Capabilities): Promise<string> {
  const existing = await readArchive(bucket);
  const fresh = existing === undefined || bucket.clock.now() - Date.parse(existing.createdAt) < 3 * contestMs;
  if (!fresh) return existing.id;
  const { conditionalWrites, headerChecksum } = await capabilities.puts();
  const onlyIfAbsent = conditionalWrites === 'honoured';
  if (onlyIfAbsent && !existing) await writeId(bucket, id, headerChecksum, { onlyIfAbsent });
  else if (!onlyIfAbsent) {
    // The probe took some time, so another process may have written an id.
    if (!(await readArchive(bucket))) await writeId(bucket, id, headerChecksum, { onlyIfAbsent });
    await bucket.clock.sleep(contestMs);
  }
  const written = await lookUntilSeen(bucket, async () => identify(bucket));
  if (written !== undefined) return written;
  throw new SyncError('DESTINATION_UNUSABLE', `${bucket.location} does not keep the objects that are written to it`);
}

async function writeId(
  bucket: Bucket,
  id: string,
  checksum: HeaderChecksum,
  { onlyIfAbsent }: { readonly onlyIfAbsent: boolean },
): Promise<void> {
  const archive: Archive = { id, version: knownVersion, createdAt: isoTime(bucket.clock.now()) };
  try {
    const condition: Condition | undefined = onlyIfAbsent ? { 'if-none-match': '*' } : undefined;
    await writeSmall(bucket, { key: idKey, text: `${JSON.stringify(archive)}\n`, condition }, checksum);
  } catch (error) {
    // The key is taken: another machine was faster, or the reply to our first request was lost.
    if (!isPrecondition(error)) throw error;
  }
}
