/** Reads buckets with the AWS SDK alone. */
import { createHash } from 'node:crypto';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import type { FoundFile } from '../../support/places.ts';

export async function keysOf(client: S3Client, Bucket: string, Prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix }))
    keys.push(...Contents.map(({ Key = '' }) => Key));
  return keys;
}

/** Reads every archived file and returns its key, size and SHA-256. */
export async function filesIn(client: S3Client, Bucket: string): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const key of await keysOf(client, Bucket)) {
    if (key.startsWith('.cloud-sync/')) continue;
    const { bytes } = await read(client, Bucket, key);
    files.push({ key, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  return files;
}

/** Returns the keys and metadata of all objects, and the contents of all except archived files. */
export async function bucketText(client: S3Client, Bucket: string): Promise<string> {
  const texts: string[] = [];
  for (const key of await keysOf(client, Bucket)) {
    const { bytes, metadata } = await read(client, Bucket, key);
    const isMedia = key.startsWith('gopro-videos/');
    texts.push(`${key}\n${JSON.stringify(metadata)}\n${isMedia ? '' : bytes.toString('utf8')}`);
  }
  return texts.join('\n');
}

async function read(client: S3Client, Bucket: string, Key: string) {
  const { Body, Metadata = {} } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), metadata: Metadata };
}
