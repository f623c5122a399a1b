import { beforeEach, describe, expect, test } from 'vitest';
import {
  archive,
  codeOf,
  contentOf,
  MiB,
  openTestArchive,
  openTestS3,
  putForeign,
  useTestCredentials,
  wantedFor,
  wholeOf,
  type Content,
  type TestArchive,
} from '../../../../test/support/s3-archive.ts';
import type { S3StoreOptions } from '../../../../test/s3-server/index.ts';

useTestCredentials();

const stored = contentOf('stored.jpg', 3000);
const fresh = Array.from({ length: 12 }, (_, index) => contentOf(`fresh-${index}.jpg`, 1000 + index));

/** Opens an archive, archives `stored`, and then archives twelve new files. */
async function begin(options: S3StoreOptions = {}): Promise<TestArchive> {
  const place = await openTestArchive(options);
  await place.s3.initialise('archive-1');
  await archive(place.s3, stored);
  for (const content of fresh) await archive(place.s3, content);
  return place;
}

function heads({ store }: TestArchive, { file }: Content): number {
  return store.requests.filter(({ operation, key }) => operation === 'HeadObject' && key.endsWith(file.original.key)).length;
}

describe('small files after many free keys', () => {
  let place: TestArchive;
  beforeEach(async () => {
    place = await begin();
    return () => place[Symbol.asyncDispose]();
  });

  test('after many free keys a small file takes two requests: a PUT, and a HEAD that reads the result back', async () => {
    const before = place.store.requests.length;
    await Promise.all(Array.from({ length: 30 }, (_, index) => archive(place.s3, contentOf(`small-${index}.jpg`, 100))));
    const operations = place.store.requests.slice(before).map(({ operation }) => operation);
    expect(operations.toSorted()).toEqual([...Array(30).fill('HeadObject'), ...Array(30).fill('PutObject')]);
  });

  test('a stored file is archived again without a check of its key, and the next attempt checks the key', async () => {
    expect((await place.s3.open(stored.file, wantedFor(stored))).kind).toBe('upload');
    expect(await archive(place.s3, stored)).toEqual({ key: stored.file.original.key, ...wholeOf(stored) });
    expect((await place.s3.open(stored.file, wantedFor(stored))).kind).toBe('finished');
  });

  test('a small file does not replace another file although its key was not checked', async () => {
    const other = contentOf('stored.jpg', 2999);
    expect(await codeOf(archive(place.s3, other))).toBe('KEY_TAKEN');
    const stranger = { ...stored, file: { ...stored.file, original: { ...stored.file.original, mediaId: 'another' } } };
    expect(await codeOf(archive(place.s3, stranger))).toBe('KEY_TAKEN');
    expect(place.store.content('archive', 'a/b/stored.jpg').equals(stored.bytes)).toBe(true);
  });
});

test('a new run checks the key before it sends a file', async () => {
  await using place = await begin();
  const next = openTestS3(place.store);
  expect((await next.open(stored.file, wantedFor(stored))).kind).toBe('finished');
  await next.close();
});

test('every key is checked if the store would replace an existing file', async () => {
  await using place = await begin({ legacy: { ignoresIfNoneMatch: true } });
  expect((await place.s3.open(stored.file, wantedFor(stored))).kind).toBe('finished');
  expect(heads(place, fresh.at(-1)!)).toBe(3);
});

test('a file whose PUT succeeded is not sent again if the check after the PUT failed', async () => {
  await using place = await begin();
  const late = contentOf('late.jpg', 700);
  place.store.faults.push({ match: { operation: 'HeadObject' }, action: { kind: 'error', code: 'InternalError' } });
  expect(await codeOf(archive(place.s3, late))).toBe('STORE_FAILED');
  place.store.faults.pop();
  expect((await place.s3.open(late.file, wantedFor(late))).kind).toBe('finished');
});

test('nothing is sent to a key that a check found taken', async () => {
  await using place = await openTestArchive();
  await place.s3.initialise('archive-1');
  await archive(place.s3, stored);
  const before = place.store.requests.filter(({ operation }) => operation === 'PutObject').length;
  expect(await codeOf(archive(place.s3, contentOf('stored.jpg', 2999)))).toBe('KEY_TAKEN');
  expect(place.store.requests.filter(({ operation }) => operation === 'PutObject')).toHaveLength(before);
});

describe('a streamed file whose key has an object', () => {
  const bytes = Buffer.from('x'.repeat(MiB));
  const content = { ...contentOf('streamed.mp4', 0), bytes };
  const key = `a/b/${content.file.original.key}`;
  const puts = ({ store }: TestArchive) =>
    store.requests.filter((request) => request.operation === 'PutObject' && request.key === key).length;

  test('a file of another size is refused before the file is fetched', async () => {
    await using place = await openTestArchive();
    await putForeign(place.store, key, 'another file');
    expect(await codeOf(place.s3.open(content.file, wantedFor(content)))).toBe('KEY_TAKEN');
    expect(puts(place)).toBe(1);
  });

  test.each([
    ['the same bytes', 'x', undefined],
    ['other bytes of the same size', 'y', 'KEY_TAKEN'],
  ])('nothing is sent to the key if the object has %s', async (_, letter, code) => {
    await using place = await openTestArchive();
    await putForeign(place.store, key, letter.repeat(MiB));
    expect(await codeOf(archive(place.s3, content))).toBe(code);
    expect(place.store.content('archive', key).toString()).toBe(letter.repeat(MiB));
    expect(puts(place)).toBe(1);
  });
});
