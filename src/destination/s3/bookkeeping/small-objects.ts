import { GetObjectCommand } from '@aws-sdk/client-s3';
import { ask, encryptionHeaders, type Bucket } from '../bucket.ts';
import type { HeaderChecksum } from '../probe/capabilities.ts';
import { asUnusable, isAbsent } from '../errors.ts';
import { putBuffered } from '../http/buffered-put.ts';
import type { PutReply } from '../http/put.ts';
import { repeatPassing } from '../http/request.ts';

/** Objects in this folder belong to Cloud Sync and are not archived files. */
export const ownFolder = '.cloud-sync/';
/** The object with the archive's id. */
export const idKey = `${ownFolder}archive.json`;

/** The condition of a write. */
export type Condition = { readonly 'if-none-match': '*' } | { readonly 'if-match': string };

/** Returns the text of a small object of our own, or undefined if there is none. */
export async function readSmall(bucket: Bucket, key: string): Promise<string | undefined> {
  return ask(bucket, `reading ${key}`, async (client) => {
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + key }));
    return reply.Body?.transformToString() ?? '';
  }).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw asUnusable(error);
  });
}

/**
 * Writes a small object of our own, in the way in which the store also takes archived files. A
 * bucket with Object Lock refuses an object without a checksum. Replaces an existing object unless
 * `condition` forbids it.
 */
export async function writeSmall(
  bucket: Bucket,
  { key, text, condition }: { readonly key: string; readonly text: string; readonly condition?: Condition | undefined },
  checksum: HeaderChecksum,
): Promise<PutReply> {
  const headers = { 'content-type': 'application/json', ...encryptionHeaders(bucket), ...condition };
  const body = { chunks: [Buffer.from(text)], checksum };
  const target = { key: bucket.base + key, headers };
  try {
    return await repeatPassing(bucket, async () => putBuffered(bucket, target, body, `writing ${key}`));
  } catch (error) {
    throw asUnusable(error);
  }
}
