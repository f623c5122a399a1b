import { describe, expect, test } from 'vitest';
import {
  archive,
  codeOf,
  contentOf,
  MiB,
  mustBeUpload,
  openTestArchive,
  upload,
  useTestCredentials,
  wantedFor,
  wholeOf,
  writePart,
  type Content,
  type TestArchive,
} from '../../../test/support/s3-archive.ts';
import { collect } from '../../../test/support/collect.ts';
import { systemClock } from '../../lib/clock.ts';
import type { S3Fault, S3FaultAction } from '../../../test/s3-server/faults.ts';
import type { S3StoreOptions } from '../../../test/s3-server/index.ts';

useTestCredentials();

const small = contentOf('small.mp4', 3000);
const medium = contentOf('medium.mp4', 2 * MiB);
const large = contentOf('large.mp4', 5 * MiB + 1000);

/** Opens an archive that has already probed its store, and then adds the faults. */
async function begin(faults: readonly S3Fault[], options: S3StoreOptions = {}, clock = systemClock): Promise<TestArchive> {
  const place = await openTestArchive(options, { stallMs: 500, clock });
  await place.s3.initialise('archive-1');
  place.store.faults.push(...faults);
  return place;
}

function isThere({ store }: TestArchive, { file, bytes }: Content): boolean {
  const key = `a/b/${file.original.key}`;
  return store.objects().some((object) => object.key === key) && store.content('archive', key).equals(bytes);
}

const completing = { operation: 'CompleteMultipartUpload', keyPart: 'large', attempt: 1 } as const;
const putting = (keyPart: string) => ({ operation: 'PutObject', keyPart, attempt: 1 }) as const;
const error = (code: Extract<S3FaultAction, { kind: 'error' }>['code'], more = {}) => ({ kind: 'error', code, ...more }) as const;

describe('publishing succeeds', () => {
  const survived: readonly [name: string, content: Content, fault: S3Fault][] = [
    ['when the reply to a completion is lost', large, { match: completing, action: { kind: 'replyLost' } }],
    ['when a completion fails inside a 200', large, { match: completing, action: error('InternalError', { within200: true }) }],
    ['when the store is busy at a completion', large, { match: completing, action: error('SlowDown') }],
    ['when the reply to a small PUT is lost', small, { match: putting('small'), action: { kind: 'replyLost' } }],
    ['when the reply to a streamed PUT is lost', medium, { match: putting('medium'), action: { kind: 'replyLost' } }],
  ];
  for (const [name, content, fault] of survived) {
    test(`publishing succeeds ${name}`, async () => {
      await using place = await begin([fault]);
      expect(await archive(place.s3, content)).toEqual({ key: content.file.original.key, ...wholeOf(content) });
      expect(isThere(place, content)).toBe(true);
      expect(place.store.uploads()).toEqual([]);
    });
  }
});

describe('publishing fails, and the next attempt succeeds', () => {
  const failures: readonly [name: string, content: Content, fault: S3Fault, code: string][] = [
    [
      'when a PUT conflicts with another PUT',
      medium,
      { match: putting('medium'), action: error('ConditionalRequestConflict') },
      'UPLOAD_LOST',
    ],
    [
      'when a PUT finds the store busy',
      small,
      { match: putting('small'), action: error('SlowDown', { retryAfterSeconds: 3 }) },
      'UPLOAD_LOST',
    ],
    ['when a PUT is cut off', medium, { match: putting('medium'), action: { kind: 'reset', before: 'reply' } }, 'UPLOAD_LOST'],
    [
      'when a PUT is never answered',
      medium,
      { match: putting('medium'), action: { kind: 'stall', before: 'reply' } },
      'UPLOAD_LOST',
    ],
    [
      'when a PUT arrives spoilt and is refused',
      medium,
      { match: putting('medium'), action: error('BadDigest') },
      'CHECKSUM_MISMATCH',
    ],
    [
      'when a completion conflicts with another completion',
      large,
      { match: completing, action: error('ConditionalRequestConflict') },
      'UPLOAD_LOST',
    ],
    ['when the upload is gone', large, { match: completing, action: error('NoSuchUpload') }, 'UPLOAD_LOST'],
    ['when a part is gone', large, { match: completing, action: error('InvalidPart') }, 'CHECKSUM_MISMATCH'],
    ['when the store is full', small, { match: putting('small'), action: error('XMinioStorageFull') }, 'DESTINATION_FULL'],
    ['when the quota is used up', small, { match: putting('small'), action: error('QuotaExceeded') }, 'DESTINATION_FULL'],
    ['when access is denied', medium, { match: putting('medium'), action: error('AccessDenied') }, 'STORE_REFUSED'],
  ];
  for (const [name, content, fault, code] of failures) {
    test(`publishing fails ${name}, and the next attempt succeeds`, async () => {
      // The program looks half a minute for a file whose upload is gone.
      await using place = await begin([fault], {}, { ...systemClock, sleep: async () => {} });
      expect(await codeOf(archive(place.s3, content))).toBe(code);
      expect(isThere(place, content)).toBe(false);
      await archive(place.s3, content);
      expect(isThere(place, content)).toBe(true);
    });
  }

  test('the run ends if ten files in a row stay invisible', async () => {
    const hidden: S3Fault = { match: { operation: 'HeadObject', keyPart: 'hidden' }, action: error('NoSuchKey') };
    await using place = await begin([hidden], {}, { ...systemClock, sleep: async () => {} });
    for (let number = 1; number < 10; number += 1)
      expect(await codeOf(archive(place.s3, contentOf(`hidden-${number}.mp4`, 100)))).toBe('UNREADABLE');
    expect(await codeOf(archive(place.s3, contentOf('hidden-10.mp4', 100)))).toBe('DESTINATION_UNUSABLE');
  });

  test('an error includes the time that the store asks us to wait', async () => {
    await using place = await begin([{ match: putting('small'), action: error('SlowDown', { retryAfterSeconds: 3 }) }]);
    await expect(archive(place.s3, small)).rejects.toMatchObject({ retryAfterMs: 3000 });
  });

  test('the parts are kept if every attempt to complete the upload fails', async () => {
    await using place = await begin([
      { match: { operation: 'CompleteMultipartUpload', keyPart: 'large' }, action: error('InternalError') },
    ]);
    const { state, parts } = await upload(place.s3, large);
    expect(await codeOf(place.s3.commit(large.file, state, parts, wholeOf(large)))).toBe('STORE_FAILED');
    place.store.faults.length = 0;
    expect(mustBeUpload(await place.s3.open(large.file, wantedFor(large), { state, parts })).parts).toEqual(parts);
    await place.s3.commit(large.file, state, parts, wholeOf(large));
    expect(isThere(place, large)).toBe(true);
  });
});

describe('failed parts', () => {
  const part = { operation: 'UploadPart', keyPart: 'large', partNumber: 1 } as const;
  const failures: readonly [name: string, fault: S3Fault, code: string][] = [
    ['whose store is silent while it is sent', { match: part, action: { kind: 'stall', before: 'body' } }, 'STORE_FAILED'],
    ['whose store is silent at its end', { match: part, action: { kind: 'stall', before: 'reply' } }, 'STORE_FAILED'],
    ['whose connection breaks', { match: part, action: { kind: 'reset', before: 'body' } }, 'STORE_FAILED'],
    ['that finds the store busy', { match: part, action: error('SlowDown') }, 'STORE_FAILED'],
    ['that arrives changed', { match: part, action: { kind: 'mangleBody' } }, 'STORE_FAILED'],
    ['that arrives cut', { match: part, action: { kind: 'cutBody' } }, 'STORE_FAILED'],
    ['that finds the store full', { match: part, action: error('XMinioStorageFull') }, 'DESTINATION_FULL'],
  ];
  for (const [name, fault, code] of failures) {
    test(`a part ${name} fails, and can be written again`, async () => {
      await using place = await begin([fault]);
      const { state } = mustBeUpload(await place.s3.open(large.file, wantedFor(large)));
      const began = Date.now();
      expect(await codeOf(writePart(place.s3, large, state, 1))).toBe(code);
      expect(Date.now() - began).toBeLessThan(3000);
      place.store.faults.length = 0;
      const parts = [await writePart(place.s3, large, state, 1), await writePart(place.s3, large, state, 2)];
      await place.s3.commit(large.file, state, parts, wholeOf(large));
      expect(isThere(place, large)).toBe(true);
    });
  }

  test('a part does not fail if its source pauses longer than the stall time', async () => {
    await using place = await begin([]);
    const { state } = mustBeUpload(await place.s3.open(large.file, wantedFor(large)));
    const writer = place.s3.writePart(large.file, state, 2, 1000);
    await writer.write(large.bytes.subarray(5 * MiB, 5 * MiB + 500));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await writer.write(large.bytes.subarray(5 * MiB + 500));
    const { crc32 } = wholeOf({ ...large, bytes: large.bytes.subarray(5 * MiB) });
    expect(await writer.end(crc32)).toMatchObject({ number: 2, sizeBytes: 1000 });
  });
});

describe('a file that the store spoilt although it reported success', () => {
  const damages: readonly [name: string, content: Content, fault: S3Fault, options?: S3StoreOptions][] = [
    ['a changed byte', medium, { match: putting('medium'), action: { kind: 'mangleBody' } }],
    ['a missing half', small, { match: putting('small'), action: { kind: 'cutBody' } }],
    [
      'a changed byte without any checksum',
      medium,
      { match: putting('medium'), action: { kind: 'mangleBody' } },
      { legacy: { noChecksums: true } },
    ],
    [
      'a changed part without any checksum',
      large,
      { match: { operation: 'UploadPart', keyPart: 'large', attempt: 1, partNumber: 1 }, action: { kind: 'mangleBody' } },
      { legacy: { noChecksums: true } },
    ],
  ];
  for (const [name, content, fault, options] of damages) {
    test(`a file that was stored with ${name} is not accepted, although the store reported success`, async () => {
      await using place = await begin([fault], options);
      await expect(archive(place.s3, content)).rejects.toMatchObject({
        code: 'CHECKSUM_MISMATCH',
        hint: expect.stringContaining('revision'),
      });
      expect(await collect(place.s3.list())).toEqual([]);
      expect(await codeOf(archive(place.s3, content))).toBe('KEY_TAKEN');
      expect(isThere(place, content)).toBe(false);
    });
  }
});

test.each([{}, { rejectsTrailers: true }])(
  'a part that the store lists counts only if the tracker recorded that part (%o)',
  async (legacy) => {
    await using place = await begin([], { legacy });
    const { state, parts } = await upload(place.s3, large);
    const resume = async (recorded: typeof parts) =>
      mustBeUpload(await place.s3.open(large.file, wantedFor(large), { state, parts: recorded })).parts;
    expect(await resume([])).toEqual([]);
    expect(await resume(parts.slice(0, 1))).toEqual(parts.slice(0, 1));
    expect(await resume(parts)).toEqual(parts);
  },
);

test('a file gets storage class, KMS key and tags, and our own objects get only the KMS key', async () => {
  await using place = await openTestArchive({}, { storageClass: 'DEEP_ARCHIVE', sseKmsKeyId: 'key-1' });
  await place.s3.initialise('archive-1');
  for (const content of [small, medium, large]) await archive(place.s3, content);
  for (const object of place.store.objects()) {
    expect(object.storageClass).toBe(object.key.includes('.cloud-sync/') ? 'STANDARD' : 'DEEP_ARCHIVE');
    expect(object.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('key-1');
  }
  const { key } = large.file.original;
  expect(await place.s3.stat(key)).toEqual({ key, ...wholeOf(large), etag: expect.any(String) });
  // The checksum of the upload says nothing about the stored bytes.
  await expect(place.s3.stat(key, { deep: true })).rejects.toMatchObject({
    code: 'UNREADABLE',
    message: expect.stringContaining('archive class'),
  });
});

test('a gigabyte is archived without filling the memory', { timeout: 120_000 }, async () => {
  await using place = await begin([], { discard: true });
  const chunk = Buffer.alloc(256 * 1024, 'x');
  const content = contentOf('huge.mp4', 0, { partSizeBytes: 64 * MiB });
  const { state } = mustBeUpload(await place.s3.open(content.file, { ...wantedFor(content), sizeBytes: 1024 * MiB }));
  const before = process.memoryUsage.rss();
  let peak = 0;
  const { crc32 } = await import('node:zlib');
  for (let number = 1; number <= 16; number += 1) {
    const writer = place.s3.writePart(content.file, state, number, 64 * MiB);
    let crc = 0;
    for (let at = 0; at < 64 * MiB; at += chunk.length) {
      crc = crc32(chunk, crc);
      await writer.write(chunk);
    }
    await writer.end(crc);
    peak = Math.max(peak, process.memoryUsage.rss() - before);
  }
  expect(peak).toBeLessThan(150 * MiB);
});
