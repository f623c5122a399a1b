import { describe, expect, test } from 'vitest';
import {
  archive,
  contentOf,
  MiB,
  openTestArchive,
  openTestS3,
  putForeign,
  useTestCredentials,
  type TestArchive,
} from '../../../../test/support/s3-archive.ts';
import { collect } from '../../../../test/support/collect.ts';
import type { S3Legacy } from '../../../../test/s3-server/faults.ts';
import type { S3Capabilities } from '../index.ts';

useTestCredentials();

const able: S3Capabilities = {
  conditionalWrites: 'honoured',
  conditionalReplacement: true,
  trailers: true,
  headerChecksum: 'crc32',
  verifiesHeaders: true,
  verifiesTrailers: true,
  tags: true,
  storageClass: true,
  checksum: 'full',
  verifiesUploads: true,
  acceptsSize: true,
  dropsTags: false,
  mpuObjectSize: true,
};

const stores: readonly [name: string, legacy: S3Legacy, learned: Partial<S3Capabilities>][] = [
  ['can do everything', {}, {}],
  ['ignores conditions', { ignoresIfNoneMatch: true }, { conditionalWrites: 'ignored', conditionalReplacement: false }],
  ['rejects conditions', { rejectsIfNoneMatch: true }, { conditionalWrites: 'rejected', conditionalReplacement: false }],
  ['ignores conditions of a replacement', { ignoresIfMatch: true }, { conditionalReplacement: false }],
  ['refuses every conditional replacement', { refusesIfMatch: true }, { conditionalReplacement: false }],
  [
    'rejects full-object checksums at the beginning',
    { rejectsFullObjectChecksum: 'atCreate' },
    { checksum: 'parts', verifiesUploads: false },
  ],
  [
    'rejects full-object checksums at the end',
    { rejectsFullObjectChecksum: 'atComplete' },
    { checksum: 'parts', verifiesUploads: false },
  ],
  ['has no checksums', { noChecksums: true }, { ...unverified(), checksum: 'parts' }],
  ['compares no checksum and shows those of the stored bytes', { trustsChecksums: 'shows stored' }, unverified()],
  ['compares no checksum and repeats those that were sent', { trustsChecksums: 'repeats sent' }, unverified()],
  ['does not compare sizes', { ignoresMpuObjectSize: true }, { mpuObjectSize: false }],
  ['drops tags of multipart uploads', { dropsTagsAtCreate: true }, { dropsTags: true }],
  ['stores aws-chunked with its frames', { storesChunkedFraming: true }, { trailers: false, verifiesTrailers: false }],
  ['rejects trailers', { rejectsTrailers: true }, { trailers: false, verifiesTrailers: false }],
  ['rejects tags', { rejectsTagging: true }, { tags: false }],
];

function unverified(): Partial<S3Capabilities> {
  return { verifiesHeaders: false, verifiesTrailers: false, verifiesUploads: false };
}

/** Files of every kind of upload. */
const contents = [
  contentOf('tiny.jpg', 3000),
  contentOf('small.mp4', 3 * MiB),
  contentOf('large.mp4', 5 * MiB + 7),
  contentOf('larger.mp4', 10 * MiB + 7),
  contentOf('unknown.mp4', 6 * MiB, { sizeKnown: false }),
];

describe('capabilities of stores', () => {
  for (const [name, legacy, learned] of stores) {
    test(`a store that ${name} is detected, and every file is stored correctly`, async () => {
      await using place = await openTestArchive({ legacy });
      await place.s3.initialise('archive-1');
      for (const content of contents) await archive(place.s3, content);
      expect(await place.s3.capabilities()).toEqual({ ...able, ...learned });
      for (const { file, bytes } of contents) {
        expect(place.store.content('archive', `a/b/${file.original.key}`).equals(bytes)).toBe(true);
      }
      const tagged = place.store.objects().filter(({ key, tags }) => !key.includes('.cloud-sync') && tags['Source'] === 'GoPro');
      expect(tagged).toHaveLength(legacy.rejectsTagging ? 0 : contents.length);
      expect(place.warnings).toHaveLength(legacy.rejectsTagging ? 1 : 0);
      expect(place.store.uploads()).toEqual([]);
      const again = openTestS3(place.store);
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

function probes({ store }: TestArchive): number {
  return store.requests.filter(({ key }) => key.endsWith('.cloud-sync/probe')).length;
}

test('no file is replaced on a store that takes a tagging request for a PUT', async () => {
  await using place = await openTestArchive({ legacy: { dropsTagsAtCreate: true, replacesByTagging: true } });
  await place.s3.initialise('archive-1');
  for (const content of contents) await archive(place.s3, content);
  for (const { file, bytes } of contents) {
    expect(place.store.content('archive', `a/b/${file.original.key}`).equals(bytes)).toBe(true);
  }
  expect((await place.s3.capabilities()).dropsTags).toBe(false);
});

test('a process probes its store once, and remembers nothing in the archive', async () => {
  await using place = await openTestArchive();
  await place.s3.initialise('archive-1');
  for (const content of contents) await archive(place.s3, content);
  const once = probes(place);
  await archive(place.s3, contentOf('more.mp4', 6 * MiB));
  await place.s3.lease?.read();
  expect(probes(place)).toBe(once);
  const own = place.store.objects().filter(({ key }) => key.includes('.cloud-sync/'));
  expect(own.map(({ key }) => key)).toEqual(['a/b/.cloud-sync/archive.json', 'a/b/.cloud-sync/probe']);
  expect(place.store.requests.filter(({ operation }) => operation === 'DeleteObject')).toEqual([]);
  const next = openTestS3(place.store);
  await next.lease?.read();
  expect(probes(place)).toBeGreaterThan(once);
  await next.close();
});

const passing = [
  ['PutObject', 'InvalidRequest'],
  ['PutObject', 'InternalError'],
  ['PutObject', 'BadRequest'],
  ['HeadObject', 'InternalError'],
  ['CreateMultipartUpload', 'InvalidRequest'],
  ['CreateMultipartUpload', 'InternalError'],
  ['UploadPart', 'InvalidRequest'],
  ['CompleteMultipartUpload', 'InvalidRequest'],
  ['CompleteMultipartUpload', 'InternalError'],
] as const;

describe('errors during a probe', () => {
  test.each(passing)('one %s that fails with %s does not change the result of a probe', async (operation, code) => {
    await using place = await openTestArchive({
      faults: [{ match: { operation, keyPart: 'probe', attempt: 1 }, action: { kind: 'error', code } }],
    });
    expect(await place.s3.capabilities()).toEqual(able);
    expect(place.store.uploads()).toEqual([]);
  });

  test.each([
    ['conditionalWrites', { ignoresIfNoneMatch: true }, 4, 'ignored'],
    ['conditionalReplacement', { ignoresIfMatch: true }, 5, false],
  ] as const)('a conflict during a probe does not prove %s', async (capability, legacy, attempt, expected) => {
    const match = { operation: 'PutObject', keyPart: 'probe', attempt } as const;
    await using place = await openTestArchive({
      legacy,
      faults: [{ match, action: { kind: 'error', code: 'ConditionalRequestConflict' } }],
    });
    expect((await place.s3.capabilities())[capability]).toBe(expected);
  });

  test('a call fails if the store keeps failing, and the next call probes again', async () => {
    await using place = await openTestArchive({
      faults: [{ match: { operation: 'PutObject', keyPart: 'probe' }, action: { kind: 'error', code: 'InternalError' } }],
    });
    await expect(place.s3.lease?.read()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    place.store.faults.length = 0;
    expect(await place.s3.capabilities()).toEqual(able);
  });

  test('capabilities of another store that are recorded in the archive are ignored and left unchanged', async () => {
    await using place = await openTestArchive({ legacy: { ignoresIfNoneMatch: true } });
    const text = JSON.stringify({ conditionalWrites: 'honoured', trailers: true, fullObjectCrc32: true, tags: 'atCreate' });
    await putForeign(place.store, 'a/b/.cloud-sync/capabilities.json', text);
    await place.s3.initialise('archive-1');
    expect((await place.s3.capabilities()).conditionalWrites).toBe('ignored');
    expect(place.store.content('archive', 'a/b/.cloud-sync/capabilities.json').toString()).toBe(text);
  });
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
