import { describe, expect, test } from 'vitest';
import { archive, contentOf, MiB, openTestArchive, openTestS3, useTestCredentials } from '../../../test/support/s3-archive.ts';
import { collect } from '../../../test/support/collect.ts';
import type { S3Legacy } from '../../../test/s3-server/faults.ts';
import type { S3Capabilities } from './index.ts';

useTestCredentials();

const able: S3Capabilities = {
  conditionalWrites: 'honoured',
  trailers: true,
  fullObjectCrc32: true,
  partCrc32: null,
  mpuObjectSize: true,
  tags: 'atCreate',
};

const stores: readonly [name: string, legacy: S3Legacy, learned: Partial<S3Capabilities>][] = [
  ['can do everything', {}, {}],
  ['ignores conditions', { ignoresIfNoneMatch: true }, { conditionalWrites: 'ignored' }],
  ['rejects conditions', { rejectsIfNoneMatch: true }, { conditionalWrites: 'rejected' }],
  [
    'rejects full-object checksums at the beginning',
    { rejectsFullObjectChecksum: 'atCreate' },
    { fullObjectCrc32: false, partCrc32: true },
  ],
  [
    'rejects full-object checksums at the end',
    { rejectsFullObjectChecksum: 'atComplete' },
    { fullObjectCrc32: false, partCrc32: true },
  ],
  ['has no checksums', { noChecksums: true }, { fullObjectCrc32: false, partCrc32: true }],
  ['does not compare sizes', { ignoresMpuObjectSize: true }, { mpuObjectSize: false }],
  ['drops tags of multipart uploads', { dropsTagsAtCreate: true }, { tags: 'afterwards' }],
  ['stores aws-chunked with its frames', { storesChunkedFraming: true }, { trailers: false }],
  ['rejects trailers', { rejectsTrailers: true }, { trailers: false }],
  ['rejects tags', { rejectsTagging: true }, { tags: 'refused' }],
];

describe('capabilities of stores', () => {
  for (const [name, legacy, learned] of stores) {
    test(`a store that ${name} is detected, and every file is stored correctly`, async () => {
      await using place = await openTestArchive({ legacy });
      await place.s3.initialise('archive-1');
      // The third file uses the capabilities that were detected with the second file.
      const contents = [
        contentOf('small.mp4', 3 * MiB),
        contentOf('large.mp4', 5 * MiB + 7),
        contentOf('larger.mp4', 10 * MiB + 7),
        contentOf('unknown.mp4', 6 * MiB, { sizeKnown: false }),
      ];
      for (const content of contents) await archive(place.s3, content);
      expect(await place.s3.capabilities()).toEqual({ ...able, ...learned });
      for (const { file, bytes } of contents) {
        expect(place.store.content('archive', `a/b/${file.original.key}`).equals(bytes)).toBe(true);
      }
      const tagged = place.store.objects().filter(({ key, tags }) => !key.includes('.cloud-sync') && tags['Source'] === 'GoPro');
      expect(tagged).toHaveLength(legacy.rejectsTagging ? 0 : contents.length);
      expect(place.warnings).toHaveLength(legacy.rejectsTagging ? 1 : 0);
      expect(place.store.uploads()).toEqual([]);

      const requests = place.store.requests.length;
      const again = openTestS3(place.store);
      expect(await again.capabilities()).toEqual({ ...able, ...learned });
      expect(place.store.requests.length).toBe(requests + 1);
      const listed = await collect(again.list());
      expect(listed.map(({ sizeBytes, crc32 }) => [sizeBytes, crc32 === null])).toEqual(
        contents
          .toSorted((a, b) => (a.file.original.key < b.file.original.key ? -1 : 1))
          .map(({ bytes }) => [bytes.length, false]),
      );
      await again.close();
    });
  }
});

test('a store that stops accepting trailers is probed again, and the next attempt succeeds', async () => {
  const legacy: { rejectsTrailers?: boolean } = {};
  await using place = await openTestArchive({ legacy });
  await place.s3.initialise('archive-1');
  const content = contentOf('a.mp4', 3 * MiB);
  await place.s3.capabilities();
  legacy.rejectsTrailers = true;
  await expect(archive(place.s3, content)).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
  await archive(place.s3, content);
  expect((await place.s3.capabilities()).trailers).toBe(false);
});
