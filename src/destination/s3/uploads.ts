import { randomUUID } from 'node:crypto';
import { SyncError } from '../../errors.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { sameContent } from '../../media.ts';
import { describedClaimOf, isSameOriginal } from '../description.ts';
import type {
  ContentFacts,
  FileDescription,
  KnownUpload,
  Opened,
  Part,
  PartWriter,
  StoredFile,
  UploadState,
  WantedUpload,
} from '../destination.ts';
import { canResume, maxHeldBytes } from '../upload-state.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './probe/capabilities.ts';
import type { ExistenceChecks } from './probe/existence-checks.ts';
import { lookUntilSeen } from './late-objects.ts';
import { abortUpload, createUpload, storedParts } from './multipart.ts';
import { head } from './objects.ts';
import { writeUploadPart } from './part-writer.ts';
import { publishMultipart, publishPut } from './publish.ts';
import { keyTaken } from './published.ts';
import { descriptionIn, readRecord, verdictOf } from './bookkeeping/records.ts';
import { HeldPut } from './single-put.ts';
import { parseUpload, putUpload, type MultipartUpload, type Upload } from './upload-id.ts';

/** The uploads of one open destination. Each is a single PUT or a multipart upload. */
export interface Uploads {
  readonly bucket: Bucket;
  readonly capabilities: Capabilities;
  readonly checks: ExistenceChecks;
  /** Single PUTs that wait for their commit, by upload id. */
  readonly held: Map<string, HeldPut>;
  /** The keys at which a check of this process found an object. */
  readonly taken: Set<string>;
  /** The running commit for each key. */
  readonly committing: Map<string, Promise<unknown>>;
}

/** The largest object of S3, in bytes (5 TiB). */
const maxObjectBytes = 5 * 1024 ** 4;

export async function openUpload(
  uploads: Uploads,
  file: FileDescription,
  wanted: WantedUpload,
  known: KnownUpload | undefined,
  { replaces }: { readonly replaces: boolean } = { replaces: false },
): Promise<Opened> {
  const { bucket, capabilities } = uploads;
  if ((wanted.sizeBytes ?? 0) > maxObjectBytes)
    throw new SyncError('TOO_LARGE', `the file has ${wanted.sizeBytes} bytes, but an object may have ${maxObjectBytes} at most`);
  const isDue = !replaces && (known !== undefined || (await isCheckDue(uploads, wanted)));
  let seen = isDue ? await lookAt(uploads, file, wanted) : 'nothing';
  const earlier = known && typeof seen !== 'object' ? resumableUpload(bucket, file, wanted, known) : undefined;
  if (known && earlier) {
    const parts = await storedParts(bucket, earlier, known.parts);
    if (parts) return { kind: 'upload', state: known.state, parts, resumable: true };
    // The upload is gone. It may be complete although its reply was lost.
    if (seen === 'nothing' && hasAllParts(known)) seen = await lookAgain(uploads, file, wanted);
  }
  if (typeof seen === 'object') return { kind: 'finished', file: seen };
  if (seen === 'another file') throw keyTaken(bucket, file.original.key);
  // A single PUT of a larger file would begin before `commitUpload` compares the bytes.
  const single = isSinglePut(wanted) && (seen === 'nothing' || isHeldWhole(wanted));
  const upload = single ? putUpload(randomUUID()) : await createUpload(bucket, capabilities, file);
  await capabilities.puts();
  const describedClaim = describedClaimOf(file);
  const state = { ...wanted, id: upload.id, ...(describedClaim !== null && { describedClaim }) };
  return { kind: 'upload', state, parts: [], resumable: !single };
}

function resumableUpload(
  bucket: Bucket,
  file: FileDescription,
  wanted: WantedUpload,
  { state }: KnownUpload,
): MultipartUpload | undefined {
  const upload = parseUpload(state.id);
  if (upload?.kind !== 'multipart' || !canResume(state, wanted)) return undefined;
  return upload.key === bucket.base + file.original.key ? upload : undefined;
}

/**
 * Whether to check the key before the file is fetched. A small file needs no check if the store
 * honours If-None-Match and recent keys were free.
 */
async function isCheckDue({ capabilities, checks }: Uploads, wanted: WantedUpload): Promise<boolean> {
  return !isHeldWhole(wanted) || checks.isWorthwhile() || (await capabilities.puts()).conditionalWrites !== 'honoured';
}

/**
 * Looks what is at the key. Returns the file if it is stored, and the store or a record proves its
 * checksum. A killed run may have left a file without such a proof (`an unproven file`). That file
 * is fetched again, and `commitUpload` compares the bytes.
 */
async function lookAt(
  { bucket, capabilities, checks, taken }: Uploads,
  file: FileDescription,
  wanted: WantedUpload,
): Promise<StoredFile | 'nothing' | 'an unproven file' | 'another file'> {
  const { key } = file.original;
  const found = await head(bucket, key);
  checks.note(found ? 'taken' : 'free');
  if (!found) return 'nothing';
  taken.add(key);
  const { sizeBytes } = found;
  if (wanted.sizeBytes !== null && wanted.sizeBytes !== sizeBytes) return 'another file';
  const record = await readRecord(bucket, key);
  const verdict = record && verdictOf(record, found.etag);
  if (record === 'unreadable' || verdict === 'spoilt') return 'another file';
  const description = descriptionIn(key, found, record);
  if (description && !isSameOriginal(description.original, file.original)) return 'another file';
  if (record && verdict !== 'verified') return 'an unproven file';
  const kind = isSinglePut(wanted) ? 'put' : 'multipart';
  const crc32 = record?.crc32 ?? ((await verifies(capabilities, kind, sizeBytes)) ? found.crc32 : null);
  if (!description || crc32 === null) return 'an unproven file';
  return sameContent(wanted.validator, description.validator) ? { key, sizeBytes, crc32 } : 'an unproven file';
}

function hasAllParts({ state, parts }: KnownUpload): boolean {
  return parts.reduce((sum, part) => sum + part.sizeBytes, 0) === state.sizeBytes;
}

/** Looks until something is at the key, because the store may show it late. */
async function lookAgain(uploads: Uploads, file: FileDescription, wanted: WantedUpload): ReturnType<typeof lookAt> {
  const look = async () => {
    const seen = await lookAt(uploads, file, wanted);
    return seen === 'nothing' ? undefined : seen;
  };
  return (await lookUntilSeen(uploads.bucket, look)) ?? 'nothing';
}

/** Whether the file stays in memory until its commit. */
function isHeldWhole({ sizeBytes }: WantedUpload): boolean {
  return sizeBytes !== null && sizeBytes <= maxHeldBytes;
}

function isSinglePut({ sizeBytes, partSizeBytes }: WantedUpload): boolean {
  return sizeBytes !== null && sizeBytes <= partSizeBytes;
}

/**
 * Whether the store proves that a file of this size has the bytes that were sent. In a PUT, the
 * checksum of a small file comes before the body, and that of a larger file after it.
 */
async function verifies(capabilities: Capabilities, kind: Upload['kind'], sizeBytes: number): Promise<boolean> {
  if (kind === 'multipart') return (await capabilities.multipart()).verifiesUploads;
  const { verifiesHeaders, verifiesTrailers } = await capabilities.puts();
  return sizeBytes <= maxHeldBytes ? verifiesHeaders : verifiesTrailers;
}

export function writePart(
  { bucket, capabilities, held }: Uploads,
  file: FileDescription,
  state: UploadState,
  number: number,
  sizeBytes: number | null,
): PartWriter {
  const upload = requireUpload(bucket, state);
  if (upload.kind === 'multipart') return writeUploadPart(bucket, capabilities, upload, number, sizeBytes);
  held.get(upload.id)?.abort();
  const put = new HeldPut(bucket, capabilities, file, sizeBytes ?? state.sizeBytes ?? 0);
  held.set(upload.id, put);
  return put;
}

/**
 * Commits an upload. Commits of the same key run one after another, so that no commit replaces the
 * file of another commit even if the store ignores If-None-Match.
 */
export async function commitUpload(
  uploads: Uploads,
  file: FileDescription,
  state: UploadState,
  parts: readonly Part[],
  whole: ContentFacts,
): Promise<StoredFile> {
  const { committing } = uploads;
  const { key } = file.original;
  const publish = () => commit(uploads, file, state, parts, whole);
  const result = (committing.get(key) ?? Promise.resolve()).then(publish, publish);
  committing.set(key, result);
  try {
    return await result;
  } finally {
    if (committing.get(key) === result) committing.delete(key);
  }
}

async function commit(
  uploads: Uploads,
  file: FileDescription,
  state: UploadState,
  parts: readonly Part[],
  whole: ContentFacts,
): Promise<StoredFile> {
  const { bucket, capabilities, checks, held, taken } = uploads;
  const upload = requireUpload(bucket, state);
  const isMultipart = upload.kind === 'multipart' && whole.sizeBytes > 0;
  const isTaken = taken.has(file.original.key);
  // The object at a taken key may have come with any kind of upload.
  const kinds: readonly Upload['kind'][] = !isMultipart ? ['put'] : isTaken ? ['multipart', 'put'] : ['multipart'];
  const proofs = await Promise.all(kinds.map(async (kind) => verifies(capabilities, kind, whole.sizeBytes)));
  const isVerified = proofs.every(Boolean);
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (sizeBytes !== whole.sizeBytes || crc32OfParts(parts.toSorted((a, b) => a.number - b.number)) !== whole.crc32) {
    await dropUpload(uploads, upload);
    throw new SyncError('CHECKSUM_MISMATCH', `${bucket.location}: the parts of ${file.original.key} do not add up to the file`);
  }
  const onTaken = () => checks.note('taken');
  const publication = { bucket, capabilities, file, whole, isVerified, isTaken, onTaken };
  const { describedClaim = null } = state;
  if (upload.kind === 'multipart' && isMultipart)
    return publishMultipart({ ...publication, objectClaim: describedClaim }, upload, parts);
  // A multipart upload without a part cannot be completed, so an empty file is always a single PUT.
  const put = held.get(upload.id) ?? (whole.sizeBytes === 0 ? new HeldPut(bucket, capabilities, file, 0) : undefined);
  held.delete(upload.id);
  try {
    return await publishPut({ ...publication, objectClaim: put?.describedClaim ?? null }, put);
  } catch (error) {
    // The file may have been stored although the PUT failed, so the next attempt checks the key.
    checks.note('taken');
    throw error;
  } finally {
    put?.abort();
    if (upload.kind === 'multipart') await abortUpload(bucket, upload);
  }
}

export async function dropUpload({ bucket, held }: Uploads, upload: Upload | undefined): Promise<void> {
  if (upload?.kind === 'multipart') return abortUpload(bucket, upload);
  if (!upload) return;
  held.get(upload.id)?.abort();
  held.delete(upload.id);
}

export function closeUploads({ held }: Uploads): void {
  for (const put of held.values()) put.abort();
}

function requireUpload(bucket: Bucket, state: UploadState): Upload {
  const upload = parseUpload(state.id);
  if (!upload) throw new SyncError('UPLOAD_LOST', `${bucket.location}: this upload began at another kind of destination`);
  return upload;
}
