/** A stage for the conformance suite, in a bucket of a foreign server. */
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Destination } from '../../../src/destination/destination.ts';
import { openS3 } from '../../../src/destination/s3/index.ts';
import { systemClock, type Clock } from '../../../src/lib/clock.ts';
import type { DestinationStage } from '../../conformance/destination/bed.ts';
import type { ForeignServer } from './servers.ts';

const prefix = 'some/where';

/** Opens a stage in a new bucket. The environment must hold the adapter's credentials. */
export async function openStage(server: ForeignServer): Promise<DestinationStage> {
  const bucket = `stage-${randomUUID()}`;
  const { endpoint } = server;
  const client = new S3Client({ endpoint, region: server.region, forcePathStyle: true, credentials: server });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}/${key}` });
  const opened: Destination[] = [];
  let aheadMs = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + aheadMs,
    // These servers show each object at once, so a wait of 30 s for a lost upload is shortened.
    sleep: (forMs, signal) => systemClock.sleep(Math.min(forMs, 100), signal),
  };

  async function read(key: string) {
    try {
      const { Body, Metadata } = await client.send(new GetObjectCommand(at(key)));
      return { content: Buffer.from(await Body!.transformToByteArray()), metadata: Metadata };
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  return {
    partSizeBytes: 5 * 1024 * 1024,
    open: async () => {
      const destination = openS3({ bucket, prefix, endpoint, region: server.region, clock, stallMs: 10_000 });
      opened.push(destination);
      return destination;
    },
    readContent: async (key) => (await read(key))?.content,
    place: async (key, content) => void (await client.send(new PutObjectCommand({ ...at(key), Body: content }))),
    // A client can change a byte only if it writes the whole object again.
    corrupt: async (key) => {
      const found = await read(key);
      if (!found) throw new Error(`there is no ${key}`);
      const { content, metadata } = found;
      const middle = content.length >> 1;
      content[middle] = (content[middle] ?? 0) ^ 0xff;
      await client.send(new PutObjectCommand({ ...at(key), Body: content, Metadata: metadata }));
    },
    remove: async (key) => void (await client.send(new DeleteObjectCommand(at(key)))),
    unfinished: async () => (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0,
    advance: (ms) => {
      aheadMs += ms;
    },
    [Symbol.asyncDispose]: async () => {
      for (const destination of opened) await destination.close();
      client.destroy();
    },
  };
}
