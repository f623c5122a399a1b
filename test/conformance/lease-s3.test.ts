import type { Destination } from '../../src/destination/destination.ts';
import { startS3Store } from '../s3-server/index.ts';
import { bucketName, openTestS3, putForeign, useTestCredentials } from '../support/s3-archive.ts';
import { leaseConformance } from './lease.ts';

useTestCredentials();

const owner = JSON.stringify({ host: 'another-machine', bootId: 'b', pid: 4711, processStart: '1', runId: 'r' });
const token = '5e0c1f8e-2f0a-4a53-9f5a-0e8d6c3f7a11';
const key = 'a/b/.cloud-sync/lease';

leaseConformance('a bucket', async () => {
  const store = await startS3Store({ buckets: [bucketName] });
  const opened: Destination[] = [];
  return {
    open: async () => {
      const destination = openTestS3(store);
      opened.push(destination);
      return destination.lease!;
    },
    spoil: async () => putForeign(store, key, '{"owner":"process 1 on'),
    writeFirstVersion: async (expiresAt) => putForeign(store, key, JSON.stringify({ owner, token, expiresAt })),
    [Symbol.asyncDispose]: async () => {
      for (const destination of opened) await destination.close();
      await store.close();
    },
  };
});
