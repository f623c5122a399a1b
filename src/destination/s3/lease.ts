import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { LeaseCell, LeaseReading, LeaseRecord } from '../../lease.ts';
import { decodeLease, encodeLease } from '../lease-record.ts';
import { ownFolder } from './archive-id.ts';
import { ask, encryption, type Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import { isAbsent, isPrecondition, isUndecided, refusalOf } from './errors.ts';

const leaseKey = `${ownFolder}lease`;

/** The record in the bucket. */
interface LeaseObject extends LeaseReading {
  /** Undefined if there is no object. */
  readonly etag: string | undefined;
}

/**
 * The lease of an archive on S3, in one object. The first use probes the store. Without conditional
 * writes nobody can take a lease safely. Then the record stays in this process, and a warning says
 * so once.
 */
export function createLeaseObject(bucket: Bucket, capabilities: Capabilities): LeaseCell {
  let chosen: Promise<LeaseCell> | undefined;
  const choose = async (): Promise<LeaseCell> => {
    chosen ??= chooseCell(bucket, capabilities);
    return chosen.catch((error: unknown) => {
      chosen = undefined;
      throw error;
    });
  };
  return {
    read: async () => (await choose()).read(),
    replace: async (before, after) => (await choose()).replace(before, after),
  };
}

async function chooseCell(bucket: Bucket, capabilities: Capabilities): Promise<LeaseCell> {
  const { conditionalWrites, conditionalReplacement } = await capabilities.puts();
  if (conditionalWrites === 'honoured' && conditionalReplacement) {
    return { read: () => readLease(bucket), replace: (before, after) => replaceLease(bucket, before, after) };
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
      if (!isSame(record, before)) return false;
      record = after;
      return true;
    },
  };
}

async function readLease(bucket: Bucket): Promise<LeaseObject> {
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + leaseKey });
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { readonly headers?: Readonly<Record<string, string>> }).headers?.['date'];
      return result;
    },
    { step: 'deserialize', name: 'noteDate' },
  );
  try {
    return await ask(bucket, `reading ${leaseKey}`, async (client) => {
      const { Body, ETag } = await client.send(command);
      return { record: decodeLease((await Body?.transformToString()) ?? ''), storeTimeMs: timeOf(date), etag: ETag };
    });
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return { record: undefined, storeTimeMs: timeOf(refusalOf(error)?.date), etag: undefined };
  }
}

function timeOf(date: string | undefined): number | null {
  const timeMs = Date.parse(date ?? '');
  return Number.isNaN(timeMs) ? null : timeMs;
}

async function replaceLease(bucket: Bucket, before: LeaseRecord | undefined, after: LeaseRecord): Promise<boolean> {
  const { record, etag } = await readLease(bucket);
  if (!isSame(record, before)) return false;
  const command = new PutObjectCommand({
    Bucket: bucket.bucket,
    Key: bucket.base + leaseKey,
    Body: encodeLease(after),
    ContentType: 'application/json',
    ...encryption(bucket),
    ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
  });
  try {
    await ask(bucket, `writing ${leaseKey}`, (client) => client.send(command));
    return true;
  } catch (error) {
    if (!isPrecondition(error) && !isAbsent(error) && !isUndecided(error)) throw error;
    // The write may have succeeded although its reply was lost.
    const current = (await readLease(bucket)).record;
    if (isSame(current, after) && current?.released === after.released) return true;
    if (isUndecided(error)) throw error;
    return false;
  }
}

function isSame(one: LeaseRecord | undefined, other: LeaseRecord | undefined): boolean {
  return one?.token === other?.token && one?.renewals === other?.renewals;
}
