import { crc32 } from 'node:zlib';
import { SyncError } from '../../../errors.ts';
import { warnOfDeniedTags, warnOfRefusedClass } from '../attributes.ts';
import { encryptionHeaders, type Bucket } from '../bucket.ts';
import type { HeaderChecksum, PutCapabilities } from './capabilities.ts';
import { strongTag } from '../entity-tag.ts';
import { isAbsent, isMismatch, isRefused, refusalOf } from '../errors.ts';
import { putBuffered, type ChecksumWay } from '../http/buffered-put.ts';
import { lookUntilSeen } from '../late-objects.ts';
import { head, type Found } from '../objects.ts';
import { ownFolder, type Condition } from '../bookkeeping/small-objects.ts';

/** The only object that a probe writes. A probe deletes nothing. */
export const probeKey = `${ownFolder}probe`;

/** Every probe writes the same text, so that simultaneous probes do not disturb each other. */
export const probeText = Buffer.from('Cloud Sync tests here what this store can do. This object may be overwritten.\n');
export const probeCrc32 = crc32(probeText);
/** The CRC32 of other bytes. A store that compares checksums refuses it. */
export const wrongCrc32 = (probeCrc32 ^ 0xff) >>> 0;

const maxAttempts = 3;
const pauseMs = 200;
/** How often another probe may disturb this one. */
const maxCollisions = 20;
/** The longest pause that a store may ask for, in ms. */
const maxPauseMs = 5_000;

/** One way to write the probe. */
interface Way {
  readonly checksum: ChecksumWay;
  readonly crc32?: number;
  readonly tags?: boolean;
  readonly storageClass?: boolean;
  readonly condition?: Condition;
}

/** The headers that a store accepts with an object. */
type AcceptedHeaders = Pick<PutCapabilities, 'headerChecksum' | 'tags' | 'storageClass'>;

/**
 * Finds out what the store does with single objects. An error proves nothing about the store, so
 * lasting errors become DESTINATION_UNUSABLE.
 */
export async function probePuts(bucket: Bucket): Promise<PutCapabilities> {
  try {
    return await tryPuts(bucket);
  } catch (error) {
    if (!(error instanceof SyncError) || error.decision === 'stop') throw error;
    throw new SyncError('DESTINATION_UNUSABLE', error.message, {
      hint: 'The store answers with errors, so it is not known what it can do. Try again later.',
      cause: error.cause,
    });
  }
}

async function tryPuts(bucket: Bucket): Promise<PutCapabilities> {
  const accepted = await findHeaders(bucket);
  const { headerChecksum } = accepted;
  const { trailers, isShown } = await probeTrailers(bucket);
  if (!trailers) await requireLargeObjects(bucket, headerChecksum);
  const verifiesTrailers = isShown && !(await accepts(bucket, { checksum: 'trailer', crc32: wrongCrc32 }));
  const verifiesHeaders =
    headerChecksum === 'crc32' &&
    !(await accepts(bucket, { checksum: 'crc32', crc32: wrongCrc32 })) &&
    (isShown || (await showsHeaders(bucket)));
  const conditionalWrites = await probeCondition(bucket, headerChecksum);
  const conditionalReplacement = conditionalWrites === 'honoured' && (await probeReplacement(bucket, headerChecksum));
  return { ...accepted, conditionalWrites, conditionalReplacement, trailers, verifiesHeaders, verifiesTrailers };
}

/**
 * Sends all optional headers at once. If the store refuses them, each is tried alone, so that only
 * the refused ones are left out.
 */
async function findHeaders(bucket: Bucket): Promise<AcceptedHeaders> {
  const hasClass = bucket.storageClass !== undefined;
  if (await accepts(bucket, { checksum: 'crc32', tags: true, storageClass: hasClass }))
    return { headerChecksum: 'crc32', tags: true, storageClass: true };
  const headerChecksum = await strongestChecksum(bucket);
  const tags = await accepts(bucket, { checksum: headerChecksum, tags: true });
  const storageClass = !hasClass || (await accepts(bucket, { checksum: headerChecksum, storageClass: true }));
  if (!tags) warnOfDeniedTags(bucket);
  if (!storageClass) warnOfRefusedClass(bucket);
  return { headerChecksum, tags, storageClass };
}

/**
 * A bucket with Object Lock refuses an object without a checksum, so the plainest way comes last.
 */
async function strongestChecksum(bucket: Bucket): Promise<HeaderChecksum> {
  for (const checksum of ['crc32', 'md5'] as const) if (await accepts(bucket, { checksum })) return checksum;
  await persist(bucket, async () => put(bucket, { checksum: 'none' }));
  return 'none';
}

async function probeTrailers(bucket: Bucket): Promise<{ readonly trailers: boolean; readonly isShown: boolean }> {
  if (!(await accepts(bucket, { checksum: 'trailer' }))) return { trailers: false, isShown: false };
  const found = await headProbe(bucket);
  // A store that does not know aws-chunked stores the frames as part of the content, or keeps the
  // name of the encoding, which no client can undo.
  const trailers = found?.sizeBytes === probeText.length && !/aws-chunked/i.test(found.contentEncoding);
  return { trailers, isShown: trailers && found.crc32 === probeCrc32 };
}

/** The checksum of a large object is known only after its bytes, so it cannot be in a header. */
async function requireLargeObjects(bucket: Bucket, headerChecksum: HeaderChecksum): Promise<void> {
  if (headerChecksum === 'none' || (await accepts(bucket, { checksum: 'none' }))) return;
  throw new SyncError('DESTINATION_UNUSABLE', `${bucket.location}: the store wants the checksum of an object before its bytes`, {
    hint: 'Use a bucket without Object Lock, or a store that accepts checksums in trailers.',
  });
}

/** Whether the store accepts the probe in this way. One refusal proves nothing. */
export async function accepts(bucket: Bucket, way: Way): Promise<boolean> {
  return isAccepted(bucket, async () => put(bucket, way));
}

export async function isAccepted(bucket: Bucket, request: () => Promise<unknown>): Promise<boolean> {
  try {
    await persist(bucket, request);
    return true;
  } catch (error) {
    if (isRefusedWay(error)) return false;
    throw error;
  }
}

/**
 * Whether the store did not accept a way of writing that another way may replace. Its words do not
 * matter: a way without the header shows whether the header was the reason.
 */
export function isRefusedWay(error: unknown): boolean {
  const refusal = refusalOf(error);
  return isRefused(error) || isAbsent(error) || refusal?.status === 400;
}

async function put(bucket: Bucket, { checksum, crc32: sum, tags, storageClass, condition }: Way): Promise<void> {
  const headers = {
    ...encryptionHeaders(bucket),
    ...(tags ? { 'x-amz-tagging': 'AutoSync=True' } : {}),
    ...(storageClass && bucket.storageClass !== undefined ? { 'x-amz-storage-class': bucket.storageClass } : {}),
    ...condition,
  };
  const body = { chunks: [probeText], checksum, ...(sum === undefined ? {} : { crc32: sum }) };
  await putBuffered(bucket, { key: bucket.base + probeKey, headers }, body, `writing ${probeKey}`);
}

/** Whether HEAD shows a CRC32 that came before the body. */
async function showsHeaders(bucket: Bucket): Promise<boolean> {
  await persist(bucket, async () => put(bucket, { checksum: 'crc32' }));
  return (await headProbe(bucket))?.crc32 === probeCrc32;
}

/** Reads the headers of the probe, which the store has just accepted. */
export async function headProbe(bucket: Bucket): Promise<Found | undefined> {
  return lookUntilSeen(bucket, async () => head(bucket, probeKey));
}

async function probeCondition(bucket: Bucket, checksum: HeaderChecksum): Promise<PutCapabilities['conditionalWrites']> {
  const answer = await answerTo(bucket, { checksum, condition: { 'if-none-match': '*' } });
  if (answer === 'refused') return 'honoured';
  return answer === 'accepted' ? 'ignored' : 'rejected';
}

/**
 * Whether the store replaces an object whose entity tag is as stated, and refuses to replace an
 * object whose entity tag differs. Another probe may replace the object between HEAD and PUT. Such
 * a refusal proves nothing, because a wrong answer would leave this process without a lease.
 */
async function probeReplacement(bucket: Bucket, checksum: HeaderChecksum): Promise<boolean> {
  const answerIf = async (etag: string) => answerTo(bucket, { checksum, condition: { 'if-match': etag } });
  if ((await answerIf('"00000000000000000000000000000000"')) !== 'refused') return false;
  let etag = await probeTag(bucket);
  for (let attempt = 1; attempt <= maxCollisions; attempt += 1) {
    if (etag !== '' && (await answerIf(etag)) === 'accepted') return true;
    if ((await probeTag(bucket)) === etag) return false;
    await bucket.clock.sleep(Math.random() * pauseMs);
    etag = await probeTag(bucket);
  }
  throw new SyncError('STORE_FAILED', `${bucket.location}: other processes kept replacing ${probeKey}`);
}

async function probeTag(bucket: Bucket): Promise<string> {
  return strongTag((await headProbe(bucket))?.etag);
}

/** What the store does with a write that has a condition. A conflict (409) is no answer. */
async function answerTo(bucket: Bucket, way: Way): Promise<'accepted' | 'refused' | 'unsupported'> {
  try {
    await persist(bucket, async () => put(bucket, way));
    return 'accepted';
  } catch (error) {
    if (refusalOf(error)?.status === 412) return 'refused';
    if (isRefusedWay(error)) return 'unsupported';
    throw error;
  }
}

/**
 * Repeats a request that ends with an error, because one error proves nothing. A denied request, an
 * unmet condition and a wrong checksum are answers.
 */
async function persist<Reply>(bucket: Bucket, request: () => Promise<Reply>): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const isAnswer = refusalOf(error)?.status === 412 || isMismatch(error) || (isRefusedWay(error) && attempt === 2);
      const mayPass = error instanceof SyncError && error.decision !== 'stop';
      if (attempt === maxAttempts || !mayPass || isAnswer) throw error;
      await bucket.clock.sleep(Math.max(attempt * pauseMs, Math.min(error.retryAfterMs ?? 0, maxPauseMs)));
    }
  }
}
