import { GetObjectCommand } from '@aws-sdk/client-s3';
import { isSameLease, type LeaseCell, type LeaseReading, type LeaseRecord } from '../../../lease.ts';
import { remembered } from '../../../lib/remembered.ts';
import { noteReplyTime, replyTimeMs } from '../../../lib/reply-date.ts';
import { decodeLease, encodeLease } from '../../lease-record.ts';
import { ask, type Bucket } from '../bucket.ts';
import type { Capabilities, HeaderChecksum } from '../probe/capabilities.ts';
import { strongTag } from '../entity-tag.ts';
import { isAbsent, isPrecondition, isUndecided, refusalOf } from '../errors.ts';
import { ownFolder, writeSmall } from './small-objects.ts';

const leaseKey = `${ownFolder}lease`;

/** The record in the bucket. */
interface LeaseObject extends LeaseReading {
  /** Undefined if there is no object. */
  readonly etag: string | undefined;
}

/** The object of the lease, and what this process saw there last. */
interface LeasePlace {
  readonly bucket: Bucket;
  readonly checksum: HeaderChecksum;
  /** Undefined if the object was not read yet, or if a write has an unknown result. */
  known: LeaseObject | undefined;
}

/**
 * The lease of an archive on S3, in one object. The first use probes the store. Without conditional
 * writes nobody can take a lease safely. Then the record stays in this process, and a warning says
 * so once.
 */
export function createLeaseObject(bucket: Bucket, capabilities: Capabilities): LeaseCell {
  const chosen = remembered(async () => chooseCell(bucket, capabilities));
  return {
    read: async () => (await chosen.get()).read(),
    replace: async (before, after) => (await chosen.get()).replace(before, after),
  };
}

async function chooseCell(bucket: Bucket, capabilities: Capabilities): Promise<LeaseCell> {
  const { conditionalWrites, conditionalReplacement, headerChecksum } = await capabilities.puts();
  if (conditionalWrites === 'honoured' && conditionalReplacement) {
    const place: LeasePlace = { bucket, checksum: headerChecksum, known: undefined };
    return { read: () => readLease(place), replace: (before, after) => replaceLease(place, before, after) };
  }
  bucket.onWarning?.(
    `${bucket.location}: the store does not honour both If-None-Match and If-Match, so the archive has no lease; let only one machine write to it`,
  );
  return createOwnCell();
}

/** Holds the record in this process. Other processes do not see it. */
function createOwnCell(): LeaseCell {
  let record: LeaseRecord | undefined;
  return {
    read: async () => ({ record, storeTimeMs: null }),
    replace: async (before, after) => {
      if (!isSameLease(record, before)) return false;
      record = after;
      return true;
    },
  };
}

async function readLease(place: LeasePlace): Promise<LeaseObject> {
  place.known = undefined;
  return (place.known = await getLease(place.bucket));
}

async function getLease(bucket: Bucket): Promise<LeaseObject> {
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + leaseKey });
  const replyTime = noteReplyTime(command);
  try {
    return await ask(bucket, `reading ${leaseKey}`, async (client) => {
      const { Body, ETag } = await client.send(command);
      return { record: decodeLease((await Body?.transformToString()) ?? ''), storeTimeMs: replyTime(), etag: ETag };
    });
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return { record: undefined, storeTimeMs: replyTimeMs(refusalOf(error)?.date), etag: undefined };
  }
}

/**
 * Writes without a read if this process saw `before` last. The entity tag makes this safe. If the
 * store refuses the write although the object still has `before`, the write is repeated once.
 */
async function replaceLease(place: LeasePlace, before: LeaseRecord | undefined, after: LeaseRecord): Promise<boolean> {
  let current = place.known && isSameLease(place.known.record, before) ? place.known : await readLease(place);
  for (let attempt = 1; attempt <= 2 && isSameLease(current.record, before); attempt += 1) {
    try {
      place.known = undefined;
      place.known = { record: after, storeTimeMs: null, etag: await putLease(place, after, current.etag) };
      return true;
    } catch (error) {
      if (!isPrecondition(error) && !isAbsent(error) && !isUndecided(error)) throw error;
      // The write may have succeeded although its reply was lost.
      current = await readLease(place);
      if (isSameLease(current.record, after) && current.record?.released === after.released) return true;
      if (isUndecided(error)) throw error;
    }
  }
  return false;
}

/** Writes the record if the object still has this entity tag. Returns the new entity tag. */
async function putLease({ bucket, checksum }: LeasePlace, record: LeaseRecord, etag: string | undefined): Promise<string> {
  const condition = etag === undefined ? ({ 'if-none-match': '*' } as const) : { 'if-match': strongTag(etag) };
  return (await writeSmall(bucket, { key: leaseKey, text: encodeLease(record), condition }, checksum)).etag;
}
