import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { collect } from '../../../test/support/collect.ts';
import {
  bucketName,
  codeOf,
  contentOf,
  MiB,
  mustBeUpload,
  openTestArchive,
  openTestS3,
  useTestCredentials,
  wantedFor,
  writePart,
} from '../../../test/support/s3-archive.ts';
import { startStoreFilter } from '../../../test/support/store-filter.ts';
import { systemClock } from '../../lib/clock.ts';

useTestCredentials();

test('a list that goes on without a place is an error, and no list ends early or never', async () => {
  await using place = await openTestArchive();
  await place.s3.initialise('archive-1');
  const large = contentOf('large.mp4', 6 * MiB);
  const { state } = mustBeUpload(await place.s3.open(large.file, wantedFor(large)));
  const parts = [await writePart(place.s3, large, state, 1)];
  await using filter = await startStoreFilter(place.store.endpoint, {
    xml: (text) =>
      text
        .replace('<IsTruncated>false', '<IsTruncated>true')
        .replaceAll(/<Next(\w+)>[^<]*<\/Next\1>/g, '')
        .replaceAll(/<(KeyMarker|UploadIdMarker|PartNumberMarker)>[^<]*<\/\1>/g, ''),
  });
  const s3 = openTestS3(filter);
  expect(await codeOf(collect(s3.list()))).toBe('DESTINATION_UNUSABLE');
  expect(await codeOf(s3.open(large.file, wantedFor(large), { state, parts }))).toBe('DESTINATION_UNUSABLE');
  expect(await codeOf(s3.sweep(new Set()))).toBe('DESTINATION_UNUSABLE');
  await s3.close();
});

test('an upload that a killed probe left is swept after an hour, and any other after a week', async () => {
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
