import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { bucketName, openTestArchive, openTestS3, useTestCredentials } from '../../../test/support/s3-archive.ts';
import { systemClock } from '../../lib/clock.ts';

useTestCredentials();

test('an upload that a killed probe left is swept after an hour, and any other after 30 days', async () => {
  await using place = await openTestArchive();
  const client = new S3Client({ endpoint: place.store.endpoint, region: 'us-east-1', forcePathStyle: true });
  for (const Key of ['a/b/.cloud-sync/probe', 'a/b/gopro-videos/x.mp4'])
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucketName, Key }));
  client.destroy();
  await place.s3.sweep(new Set());
  expect(place.store.uploads()).toHaveLength(2);
  const later = openTestS3(place.store, { clock: { ...systemClock, now: () => Date.now() + 2 * 3_600_000 } });
  await later.sweep(new Set());
  expect(place.store.uploads().map(({ key }) => key)).toEqual(['a/b/gopro-videos/x.mp4']);
  await later.close();
});
