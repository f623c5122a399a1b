import { RestoreObjectCommand } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import { inFlight } from '../../lib/in-flight.ts';
import type { FrozenFile, Thawing, ThawWish } from '../thawing.ts';
import { headsInFlight } from './bookkeeping/inventory.ts';
import { ask, type Bucket } from './bucket.ts';
import { isAbsent, refusalOf } from './errors.ts';
import { head, listObjects, type ListedObject } from './objects.ts';
import { archiveClasses, pricesOf, thawTerms } from './prices.ts';

/**
 * Thaws objects in archive classes and in the archive tiers of Intelligent-Tiering. See "Restoring
 * an archived object" in the user guide of S3, and RestoreObject in its API reference.
 */
export function createThawing(bucket: Bucket): Thawing {
  return {
    prices: pricesOf,
    frozen: (signal) => frozenFiles(bucket, signal),
    terms: ({ storageClass, sizeBytes }, wish) => thawTerms(storageClass, sizeBytes, wish),
    thaw: async (file, wish) => thaw(bucket, file, wish),
  };
}

async function* frozenFiles(bucket: Bucket, signal: AbortSignal): AsyncGenerator<FrozenFile> {
  for await (const file of inFlight(coldObjects(bucket), headsInFlight, async (object) => stateOf(bucket, object, signal))) {
    signal.throwIfAborted();
    if (file) yield file;
  }
}

async function* coldObjects(bucket: Bucket): AsyncGenerator<ListedObject> {
  for await (const object of listObjects(bucket, '', { showsRestores: true })) {
    if (archiveClasses.has(object.storageClass) || object.storageClass === 'INTELLIGENT_TIERING') yield object;
  }
}

/** A listing shows the state only of some objects, and only in some stores. HEAD always shows it. */
async function stateOf(bucket: Bucket, object: ListedObject, signal: AbortSignal): Promise<FrozenFile | undefined> {
  const { key, sizeBytes, storageClass, restore, readableUntil } = object;
  const file = { key, sizeBytes, storageClass };
  if (restore === 'ongoing' && archiveClasses.has(storageClass)) return { ...file, state: 'thawing' };
  if (restore === 'done' && archiveClasses.has(storageClass)) return { ...file, state: 'thawed', ...until(readableUntil) };
  const found = await head(bucket, key, signal);
  if (!found) return undefined;
  const tier = found.archiveTier === '' ? found.storageClass : found.archiveTier;
  if (found.archiveTier === '' && !archiveClasses.has(tier)) return undefined;
  const shown = { ...file, storageClass: tier };
  if (/ongoing-request="true"/.test(found.restore)) return { ...shown, state: 'thawing' };
  const [, expiry] = /expiry-date="([^"]+)"/.exec(found.restore) ?? [];
  if (/ongoing-request="false"/.test(found.restore)) return { ...shown, state: 'thawed', ...until(expiry) };
  return { ...shown, state: 'frozen' };
}

function until(time: Date | string | undefined): { readonly readableUntil?: string } {
  const date = time === undefined ? undefined : new Date(time);
  return date && Number.isFinite(date.getTime()) ? { readableUntil: date.toISOString() } : {};
}

async function thaw(bucket: Bucket, { key, storageClass }: FrozenFile, wish: ThawWish): ReturnType<Thawing['thaw']> {
  const Tier = wish.tier === 'bulk' ? ('Bulk' as const) : ('Standard' as const);
  // An object in Intelligent-Tiering moves to another tier, and S3 refuses a number of days.
  const request = archiveClasses.has(storageClass)
    ? { Days: wish.days, GlacierJobParameters: { Tier } }
    : { GlacierJobParameters: { Tier } };
  const command = new RestoreObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + key, RestoreRequest: request });
  try {
    const { $metadata } = await ask(bucket, `thawing ${key}`, async (client) => client.send(command));
    return $metadata.httpStatusCode === 200 ? 'thawed' : 'asked';
  } catch (error) {
    if (refusalOf(error)?.code === 'RestoreAlreadyInProgress') return 'thawing';
    if (isAbsent(error)) throw new SyncError('FILE_MISSING', `${bucket.location}/${key} is no longer there`, { cause: error });
    throw refusalOf(error)?.status === 403 ? deniedError(bucket, key, error) : error;
  }
}

function deniedError({ location }: Bucket, key: string, cause: unknown): SyncError {
  return new SyncError('DESTINATION_UNUSABLE', `${location} does not let this account thaw ${key}`, {
    cause,
    hint: 'Allow s3:RestoreObject on the objects of the bucket.',
  });
}
