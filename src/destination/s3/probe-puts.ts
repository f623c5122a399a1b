import { crc32 } from 'node:zlib';
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import { ownFolder } from './archive-id.ts';
import { warnOfDeniedTags } from './attributes.ts';
import { ask, encryption, encryptionHeaders, type Bucket } from './bucket.ts';
import type { PutCapabilities } from './capabilities.ts';
import { isChecksumRefused, isUnsupported, refusalOf } from './errors.ts';
import { OpenPut, putBuffered } from './http/put.ts';
import { head } from './objects.ts';

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

/** A way to write an object. */
interface Way {
  readonly trailer: boolean;
  readonly tags: boolean;
}

type Condition = Pick<PutObjectCommandInput, 'IfNoneMatch' | 'IfMatch'>;

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
  const { trailer, tags } = await findWay(bucket);
  const found = await head(bucket, probeKey);
  // A store that does not know aws-chunked stores the frames as part of the content.
  const trailers = trailer && found?.sizeBytes === probeText.length;
  const isShown = trailers && found.crc32 === probeCrc32;
  const verifiesTrailers = isShown && (await isRefused(bucket, () => put(bucket, { trailer: true, crc32: wrongCrc32 })));
  const refusesHeaders = await isRefused(bucket, () => put(bucket, { trailer: false, crc32: wrongCrc32 }));
  const verifiesHeaders = refusesHeaders && (isShown || (await showsHeaders(bucket)));
  const conditionalWrites = await probeCondition(bucket);
  const conditionalReplacement = conditionalWrites === 'honoured' && (await probeReplacement(bucket));
  return { conditionalWrites, conditionalReplacement, trailers, verifiesHeaders, verifiesTrailers, tags };
}

/** Tries four ways of writing, and returns the first way that the store accepts. */
async function findWay(bucket: Bucket): Promise<Way> {
  const ways = [true, false].flatMap((trailer) => [true, false].map((tags) => ({ trailer, tags })));
  for (const way of ways) {
    try {
      await persist(bucket, () => put(bucket, { ...way, crc32: way.trailer ? probeCrc32 : null }), isOldStore);
      if (!way.tags) warnOfDeniedTags(bucket);
      return way;
    } catch (error) {
      if (way === ways.at(-1) || !(isRefusedWay(error) || (way.tags && refusalOf(error)?.status === 403))) throw error;
    }
  }
  throw new RangeError('unreachable: the last attempt returns or throws');
}

function isOldStore(error: unknown): boolean {
  return isUnsupported(error, 'trailers') || isUnsupported(error, 'tags');
}

/** Whether another way of writing may work. Some stores do not say why they refuse a request. */
export function isRefusedWay(error: unknown): boolean {
  const status = refusalOf(error)?.status ?? 0;
  return status === 400 || status === 404 || status === 405 || status === 501;
}

async function put(
  bucket: Bucket,
  how: { readonly trailer: boolean; readonly tags?: boolean; readonly crc32: number | null },
): Promise<void> {
  const headers = { ...encryptionHeaders(bucket), ...(how.tags ? { 'x-amz-tagging': 'AutoSync=True' } : {}) };
  const about = `writing ${probeKey}`;
  const target = { key: bucket.base + probeKey, headers };
  if (!how.trailer) {
    await putBuffered(bucket, target, { chunks: [probeText], crc32: how.crc32 }, about);
    return;
  }
  const open = new OpenPut(bucket, Promise.resolve({ ...target, sizeBytes: probeText.length, trailer: true }), about);
  await open.write(probeText);
  await open.finish(how.crc32 ?? 0);
}

/** Whether HEAD shows a CRC32 that came before the body. */
async function showsHeaders(bucket: Bucket): Promise<boolean> {
  await persist(
    bucket,
    () => put(bucket, { trailer: false, crc32: probeCrc32 }),
    () => false,
  );
  return (await head(bucket, probeKey))?.crc32 === probeCrc32;
}

/**
 * Whether the store refuses a request because its checksum is wrong. Any other refusal proves
 * nothing, so the answer is then false.
 */
export async function isRefused(bucket: Bucket, request: () => Promise<unknown>): Promise<boolean> {
  try {
    await persist(bucket, request, isChecksumRefused);
    return false;
  } catch (error) {
    if (isChecksumRefused(error)) return true;
    if (isRefusedWay(error)) return false;
    throw error;
  }
}

async function probeCondition(bucket: Bucket): Promise<PutCapabilities['conditionalWrites']> {
  const answer = await answerTo(bucket, { IfNoneMatch: '*' });
  if (answer === 'refused') return 'honoured';
  return answer === 'accepted' ? 'ignored' : 'rejected';
}

/**
 * Whether the store replaces an object whose entity tag is as stated, and refuses to replace an
 * object whose entity tag differs. Another probe may replace the object between HEAD and PUT. Such
 * a refusal proves nothing, because a wrong answer would leave this process without a lease.
 */
async function probeReplacement(bucket: Bucket): Promise<boolean> {
  if ((await answerTo(bucket, { IfMatch: '"00000000000000000000000000000000"' })) !== 'refused') return false;
  let etag = await probeTag(bucket);
  for (let attempt = 1; attempt <= maxCollisions; attempt += 1) {
    if (etag !== '' && (await answerTo(bucket, { IfMatch: etag })) === 'accepted') return true;
    if ((await probeTag(bucket)) === etag) return false;
    await bucket.clock.sleep(Math.random() * pauseMs);
    etag = await probeTag(bucket);
  }
  throw new SyncError('STORE_FAILED', `${bucket.location}: other processes kept replacing ${probeKey}`);
}

async function probeTag(bucket: Bucket): Promise<string> {
  return (await head(bucket, probeKey))?.etag ?? '';
}

/** What the store does with a write that has a condition. A conflict (409) is no answer. */
async function answerTo(bucket: Bucket, condition: Condition): Promise<'accepted' | 'refused' | 'unsupported'> {
  try {
    await persist(bucket, () => putIf(bucket, condition), isConditionAnswer);
    return 'accepted';
  } catch (error) {
    if (refusalOf(error)?.status === 412) return 'refused';
    if (isUnsupported(error, 'conditions')) return 'unsupported';
    throw error;
  }
}

async function putIf(bucket: Bucket, condition: Condition): Promise<void> {
  const input = { Bucket: bucket.bucket, Key: bucket.base + probeKey, Body: probeText, ...encryption(bucket), ...condition };
  await ask(bucket, `writing ${probeKey}`, (client) => client.send(new PutObjectCommand(input)));
}

function isConditionAnswer(error: unknown): boolean {
  return refusalOf(error)?.status === 412 || isUnsupported(error, 'conditions');
}

/** Repeats a request that ends with an error, because one error proves nothing. */
async function persist<Reply>(
  bucket: Bucket,
  request: () => Promise<Reply>,
  isAnswer: (error: unknown) => boolean,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const mayPass = error instanceof SyncError && error.decision !== 'stop';
      if (attempt === maxAttempts || !mayPass || isAnswer(error)) throw error;
      await bucket.clock.sleep(Math.max(attempt * pauseMs, Math.min(error.retryAfterMs ?? 0, maxPauseMs)));
    }
  }
}
