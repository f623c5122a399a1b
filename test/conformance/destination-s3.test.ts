import { afterAll, beforeAll, vi } from 'vitest';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Destination } from '../../src/destination/destination.ts';
import { openS3 } from '../../src/destination/s3/index.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import type { S3Legacy } from '../s3-server/faults.ts';
import { startS3Store } from '../s3-server/index.ts';
import { destinationConformance } from './destination.ts';
import type { DestinationStage } from './destination/bed.ts';
import { gapsOfS3 } from './destination/s3-gaps.ts';

const bucket = 'archive';
const prefix = 'some/where';
const credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'not-a-secret' };

beforeAll(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
});
afterAll(() => {
  vi.unstubAllEnvs();
});

async function s3Stage(legacy: S3Legacy): Promise<DestinationStage> {
  const store = await startS3Store({ buckets: [bucket], credentials, legacy });
  const opened: Destination[] = [];
  let aheadMs = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + aheadMs,
    // Shortens the adapter's wait for other processes that make the same archive at the same time.
    sleep: (forMs, signal) => systemClock.sleep(Math.min(forMs, 50), signal),
  };
  const has = (key: string) => store.objects().some((object) => object.key === key);
  return {
    partSizeBytes: 5 * 1024 * 1024,
    open: async () => {
      const destination = openS3({ bucket, prefix, endpoint: store.endpoint, clock, stallMs: 10_000 });
      opened.push(destination);
      return destination;
    },
    readContent: async (key) => (has(`${prefix}/${key}`) ? store.content(bucket, `${prefix}/${key}`) : undefined),
    place: async (key, content) => putForeign(store.endpoint, `${prefix}/${key}`, content),
    corrupt: async (key) => store.tamper(bucket, `${prefix}/${key}`, 1000),
    remove: async (key) => {
      if (!store.remove(bucket, `${prefix}/${key}`)) throw new Error(`there is no ${key}`);
    },
    unfinished: async () => store.uploads().length,
    advance: (ms) => {
      aheadMs += ms;
    },
    [Symbol.asyncDispose]: async () => {
      for (const destination of opened) await destination.close();
      await store.close();
    },
  };
}

/** Writes an object as another program does, without our metadata. */
async function putForeign(endpoint: string, key: string, content: Buffer): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
  client.destroy();
}

const weakest: S3Legacy = {
  ignoresIfNoneMatch: true,
  noChecksums: true,
  ignoresMpuObjectSize: true,
  rejectsTrailers: true,
  rejectsTagging: true,
};

destinationConformance('S3', async () => s3Stage({}), gapsOfS3);
destinationConformance('S3 without conditional writes', async () => s3Stage({ rejectsIfNoneMatch: true }), gapsOfS3);
destinationConformance(
  'S3 without full-object checksums',
  async () => s3Stage({ rejectsFullObjectChecksum: 'atCreate' }),
  gapsOfS3,
);
destinationConformance('S3 that does not know aws-chunked', async () => s3Stage({ storesChunkedFraming: true }), gapsOfS3);
destinationConformance('S3 with hardly a safeguard', async () => s3Stage(weakest), {
  ...gapsOfS3,
  'a commit with a wrong checksum of a part publishes nothing':
    'a store that checks nothing publishes first; the read-back finds out, and a record keeps it from counting',
});
