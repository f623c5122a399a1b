import { RestoreObjectCommand } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import { kindOf } from '../../lib/aws-error.ts';
import { inFlight } from '../../lib/in-flight.ts';
import type { FrozenFile, Thawing, ThawWish } from '../thawing.ts';
import { headsInFlight } from './bookkeeping/inventory.ts';
import { ask, type Bucket } from './bucket.ts';
import { isAbsent, refusalOf } from './errors.ts';
import { head, listObjects, type ListedObject } from './objects.ts';
import { archiveClasses, pricesOf, thawTerms } from './prices.ts';
import { noteUnusable, noteUsable } from './unusable-keys.ts';

/**
 * Thaws objects in archive classes and in the archive tiers of Intelligent-Tiering. See "Restoring
 * an archived object" in the user guide of S3, and RestoreObject in its API reference.
 */
export function createThawing(bucket: Bucket): Thawing {
  return {
    prices: pricesOf,
    frozen: (signal, only) => frozenFiles(bucket, signal, only),
    terms: ({ storageClass, sizeBytes }, wish) => thawTerms(storageClass, sizeBytes, wish),
    thaw: async (file, wish) => thaw(bucket, file, wish),
  };
}

type Wanted = Parameters<Thawing['frozen']>[1];

async function* frozenFiles(bucket: Bucket, signal: AbortSignal, only: Wanted): AsyncGenerator<FrozenFile> {
  const objects = coldObjects(bucket, only);
  for await (const file of inFlight(objects, headsInFlight, async (object) => stateOf(bucket, object, signal))) {
    signal.throwIfAborted();
    if (file) yield file;
  }
}

async function* coldObjects(bucket: Bucket, only: Wanted): AsyncGenerator<ListedObject> {
  for await (const object of listObjects(bucket, '', { showsRestores: true })) {
    if (only?.has(object.key) === false) continue;
    if (archiveClasses.has(object.storageClass) || object.storageClass === 'INTELLIGENT_TIERING') yield object;
  }
}

/** A listing shows the state only of some objects, and only in some stores. HEAD always shows it. */
async function stateOf(bucket: Bucket, object: ListedObject, signal: AbortSignal): Promise<FrozenFile | undefined> {
  const { key, sizeBytes, storageClass, restore, readableUntil } = object;
  const file = { key, sizeBytes, storageClass };
  if (restore === 'ongoing' && archiveClasses.has(storageClass)) return { ...file, state: 'thawing' };
  if (restore === 'done' && archiveClasses.has(storageClass)) return { ...file, state: 'thawed', ...until(readableUntil) };
  return stateInHeaders(bucket, file, signal);
}

/** Undefined if the object is in no archive class, or no longer there. */
async function stateInHeaders(
  bucket: Bucket,
  file: Pick<FrozenFile, 'key' | 'sizeBytes' | 'storageClass'>,
  signal?: AbortSignal,
): Promise<FrozenFile | undefined> {
  const found = await head(bucket, file.key, signal);
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

async function thaw(bucket: Bucket, file: FrozenFile, wish: ThawWish): ReturnType<Thawing['thaw']> {
  const { key, storageClass } = file;
  const Tier = wish.tier === 'bulk' ? ('Bulk' as const) : ('Standard' as const);
  // An object in Intelligent-Tiering moves to another tier, and S3 refuses a number of days.
  const request = archiveClasses.has(storageClass)
    ? { Days: wish.days, GlacierJobParameters: { Tier } }
    : { GlacierJobParameters: { Tier } };
  const command = new RestoreObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + key, RestoreRequest: request });
  try {
    const { $metadata } = await ask(bucket, `thawing ${key}`, async (client) => client.send(command));
    noteUsable(bucket);
    return $metadata.httpStatusCode === 200 ? 'thawed' : 'asked';
  } catch (error) {
    return stateAfterRefusal(bucket, file, error);
  }
}

/** Finds out what a refused request says about the object. Throws the error if it says nothing. */
async function stateAfterRefusal(bucket: Bucket, file: FrozenFile, error: unknown): Promise<'thawing' | 'thawed'> {
  const { key } = file;
  const { code = '', message = '' } = refusalOf(error) ?? {};
  if (code === 'RestoreAlreadyInProgress') return 'thawing';
  if (isAbsent(error)) throw new SyncError('FILE_MISSING', `${bucket.location}/${key} is no longer there`, { cause: error });
  if (kindOf(code, message) === 'denied') throw deniedError(bucket, key, error);
  if (code !== 'InvalidObjectState') throw error;
  // S3 also says this of an object that has left its archive class in the meantime.
  const { state } = (await stateInHeaders(bucket, file)) ?? { state: 'thawed' };
  if (state === 'frozen') throw error;
  return state;
}

/** The store may deny one object by a policy, or all because the account lacks the permission. */
function deniedError(bucket: Bucket, key: string, cause: unknown): SyncError {
  const code = noteUnusable(bucket, key) ? 'DESTINATION_UNUSABLE' : 'STORE_REFUSED';
  return new SyncError(code, `${bucket.location} does not let this account thaw ${key}`, {
    cause,
    hint: 'Allow s3:RestoreObject on the objects of the bucket.',
  });
}
