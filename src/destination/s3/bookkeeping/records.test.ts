import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import type { FileDescription } from '../../destination.ts';
import type { Evidence, Proof } from '../../../media.ts';
import {
  archive,
  bucketName,
  codeOf,
  contentOf,
  MiB,
  openTestArchive,
  openTestS3,
  putForeign,
  upload,
  useTestCredentials,
  wantedFor,
  wholeOf,
  type Content,
} from '../../../../test/support/s3-archive.ts';
import { collect } from '../../../../test/support/collect.ts';
import { startS3Store, type S3Store } from '../../../../test/s3-server/index.ts';
import type { S3Legacy } from '../../../../test/s3-server/faults.ts';

useTestCredentials();

const tiny = contentOf('tiny.jpg', 3000);
const streamed = contentOf('streamed.mp4', 2 * MiB);
const large = contentOf('large.mp4', 5 * MiB + 1000);
const recordOf = ({ file }: Content) => `a/b/.cloud-sync/records/${file.original.key}.json`;

/** Copies all objects to another store, where they get other entity tags. */
async function copyAll(from: S3Store): Promise<S3Store> {
  const store = await startS3Store({ buckets: [bucketName] });
  const client = new S3Client({ endpoint: store.endpoint, region: 'us-east-1', forcePathStyle: true });
  for (const { key, metadata } of from.objects()) {
    const Body = from.content(bucketName, key);
    await client.send(
      new PutObjectCommand({ Bucket: bucketName, Key: key, Body, Metadata: metadata, ChecksumAlgorithm: 'CRC32' }),
    );
  }
  client.destroy();
  return store;
}

test.each<S3Legacy>([{ noChecksums: true }, { trustsChecksums: 'repeats sent' }, { trustsChecksums: 'shows stored' }])(
  'a record states what was sent before its object appears (%o)',
  async (legacy) => {
    await using place = await openTestArchive({ legacy });
    await place.s3.initialise('archive-1');
    for (const content of [tiny, streamed, large]) {
      await archive(place.s3, content);
      const { key } = content.file.original;
      const writes = place.store.requests.filter(
        (request) => request.key.includes(key) && /^(PutObject|CompleteMultipartUpload)$/.test(request.operation),
      );
      const order = [recordOf(content), `a/b/${key}`, recordOf(content)];
      // The PUT of a streamed file begins before the record is written, but ends after that.
      const begins = content === streamed ? [order[1], order[0], order[2]] : order;
      expect(writes.map((request) => request.key)).toEqual(begins);
      const record = JSON.parse(place.store.content(bucketName, recordOf(content)).toString()) as object;
      expect(record).toMatchObject({ ...wholeOf(content), verified: true });
    }
  },
);

test('a store that refuses wrong checksums needs no records', async () => {
  await using place = await openTestArchive();
  await place.s3.initialise('archive-1');
  for (const content of [tiny, streamed, large]) await archive(place.s3, content);
  expect(place.store.objects().filter(({ key }) => key.includes('/records/'))).toEqual([]);
});

const claim = 's3-etag:00112233445566778899aabbccddeeff-3';

function withProof(content: Content, proof: Proof): Content {
  return { ...content, file: { ...content.file, evidence: { claim, proof, claimPartBytes: null } } };
}

function withEvidence({ file }: Content, evidence: Evidence | undefined): FileDescription {
  return { ...file, ...(evidence && { evidence }) };
}

test.each<Proof>(['none', 'unchecked', 'disputed'])(
  'a record states before its object appears that the claim is %s, and nothing of the bytes',
  async (proof) => {
    await using place = await openTestArchive();
    await place.s3.initialise('archive-1');
    for (const plain of [tiny, streamed, large]) {
      const content = withProof(plain, proof);
      const { key } = content.file.original;
      await archive(place.s3, content);
      const writes = place.store.requests.filter(
        (request) => request.key.includes(key) && /^(PutObject|CompleteMultipartUpload)$/.test(request.operation),
      );
      const order = [recordOf(content), `a/b/${key}`];
      expect(writes.map((request) => request.key)).toEqual(plain === streamed ? order.toReversed() : order);
      // The CRC32 is the one that the store shows, so the bytes are not read.
      expect(await place.s3.stat(key)).toMatchObject(wholeOf(content));
      expect((await place.s3.open(content.file, wantedFor(content))).kind).toBe('finished');
    }
    const listed = await collect(place.s3.list());
    expect(listed.map(({ description }) => description?.evidence?.proof)).toEqual([proof, proof, proof]);
    expect(
      place.store.requests.filter(({ operation, key }) => operation === 'GetObject' && !key.includes('.cloud-sync/')),
    ).toEqual([]);
    place.store.tamper(bucketName, `a/b/${large.file.original.key}`, 10);
    expect((await place.s3.stat(large.file.original.key, { deep: true }))?.crc32).not.toBe(wholeOf(large).crc32);
  },
);

test('a proven claim needs no record, and the record of another claim does not count', async () => {
  await using place = await openTestArchive({
    faults: [{ match: { operation: 'PutObject', keyPart: 'b/tiny' }, action: { kind: 'error', code: 'InternalError' } }],
  });
  await place.s3.initialise('archive-1');
  await archive(place.s3, withProof(large, 'proven'));
  expect(await codeOf(archive(place.s3, withProof(tiny, 'disputed')))).toBe('UPLOAD_LOST');
  expect(place.store.objects().filter(({ key }) => key.includes('/records/'))).toHaveLength(1);
  expect(await collect(place.s3.list())).toHaveLength(1);
  place.store.faults.length = 0;
  const evidence = { claim: 's3-etag:ffeeddccbbaa99887766554433221100', proof: 'proven', claimPartBytes: 0 } as const;
  const validator = { etag: '"v2"', lastModified: null };
  await archive(place.s3, { ...tiny, file: { ...tiny.file, evidence, validator } });
  const listed = await collect(place.s3.list());
  expect(listed.map(({ key, description }) => [key, description?.evidence?.claim, description?.evidence?.proof])).toEqual([
    [large.file.original.key, claim, 'proven'],
    [tiny.file.original.key, evidence.claim, 'proven'],
  ]);
});

const answers: readonly (readonly [string, Evidence | undefined])[] = [
  ['was not asked', undefined],
  ['makes no claim', { claim: 'none', proof: 'none', claimPartBytes: null }],
  ['makes a claim', { claim, proof: 'proven', claimPartBytes: 0 }],
];

describe.each(answers)('if the provider %s when an upload begins', (_, atBegin) => {
  test.each(answers)('and %s when the upload ends, the archive keeps the later answer', async (__, atEnd) => {
    await using place = await openTestArchive();
    await place.s3.initialise('archive-1');
    for (const content of [tiny, streamed, large]) {
      const { state, parts } = await upload(place.s3, { ...content, file: withEvidence(content, atBegin) });
      await place.s3.commit(withEvidence(content, atEnd), state, parts, wholeOf(content));
    }
    for (const { description } of await collect(place.s3.list())) {
      const { claim: kept, proof } = description?.evidence ?? {};
      expect([kept, proof]).toEqual([atEnd?.claim, atEnd?.proof]);
    }
  });
});

test('the record of bytes that were never published does not count', async () => {
  await using place = await openTestArchive({
    faults: [{ match: { operation: 'PutObject', keyPart: 'b/tiny' }, action: { kind: 'error', code: 'InternalError' } }],
  });
  await place.s3.initialise('archive-1');
  expect(await codeOf(archive(place.s3, withProof(tiny, 'disputed')))).toBe('UPLOAD_LOST');
  place.store.faults.length = 0;
  await archive(place.s3, { ...withProof(tiny, 'proven'), bytes: Buffer.alloc(3000, 7) });
  expect((await collect(place.s3.list())).map(({ description }) => description?.evidence?.proof)).toEqual(['proven']);
});

test('a claim is unchecked if a version that knows no claims has replaced the record', async () => {
  await using place = await openTestArchive({ legacy: { noChecksums: true } });
  await place.s3.initialise('archive-1');
  for (const proof of ['disputed', 'proven'] as const) {
    const content = withProof(contentOf(`${proof}.jpg`, 3000), proof);
    await archive(place.s3, content);
    const record = JSON.parse(place.store.content(bucketName, recordOf(content)).toString()) as { readonly description: object };
    const { claim: _claim, proof: _proof, ...description } = record.description as Record<string, string>;
    if (proof === 'disputed') await putForeign(place.store, recordOf(content), JSON.stringify({ ...record, description }));
  }
  const listed = await collect(place.s3.list());
  expect(listed.map(({ description }) => description?.evidence)).toEqual([
    { claim, proof: 'unchecked', claimPartBytes: null },
    { claim, proof: 'proven', claimPartBytes: null },
  ]);
});

test('a record without an object is harmless', async () => {
  await using place = await openTestArchive({
    legacy: { noChecksums: true },
    faults: [{ match: { operation: 'PutObject', keyPart: 'b/tiny' }, action: { kind: 'error', code: 'InternalError' } }],
  });
  await place.s3.initialise('archive-1');
  expect(await codeOf(archive(place.s3, tiny))).toBe('UPLOAD_LOST');
  expect(place.store.objects().map(({ key }) => key)).toContain(recordOf(tiny));
  expect(await collect(place.s3.list())).toEqual([]);
  expect(await place.s3.stat(tiny.file.original.key)).toBeUndefined();
  place.store.faults.length = 0;
  await archive(place.s3, tiny);
  expect((await collect(place.s3.list())).map(({ crc32 }) => crc32)).toEqual([wholeOf(tiny).crc32]);
});

test('a spoilt object does not count in a copy of the archive, where it has another entity tag', async () => {
  await using place = await openTestArchive({
    legacy: { noChecksums: true },
    faults: [{ match: { operation: 'PutObject', keyPart: 'b/tiny' }, action: { kind: 'mangleBody' } }],
  });
  await place.s3.initialise('archive-1');
  await archive(place.s3, streamed);
  expect(await codeOf(archive(place.s3, tiny))).toBe('CHECKSUM_MISMATCH');
  await using copy = await copyAll(place.store);
  const s3 = openTestS3(copy);
  expect((await collect(s3.list())).map(({ key }) => key)).toEqual([streamed.file.original.key]);
  expect((await s3.open(tiny.file, wantedFor(tiny))).kind).toBe('upload');
  expect(await codeOf(archive(s3, tiny))).toBe('KEY_TAKEN');
  expect(await archive(s3, streamed)).toEqual({ key: streamed.file.original.key, ...wholeOf(streamed) });
  await s3.close();
});

test('an object that was spoilt during a copy is listed with the checksum that was sent', async () => {
  await using place = await openTestArchive({ legacy: { noChecksums: true } });
  await place.s3.initialise('archive-1');
  await archive(place.s3, streamed);
  place.store.tamper(bucketName, `a/b/${streamed.file.original.key}`, 10);
  await using copy = await copyAll(place.store);
  const s3 = openTestS3(copy);
  const [listed] = await collect(s3.list());
  expect(listed?.crc32).toBe(wholeOf(streamed).crc32);
  expect((await s3.stat(streamed.file.original.key))?.crc32).not.toBe(listed?.crc32);
  await s3.close();
});

test('an object whose bytes nobody compared counts only if it has the bytes that were sent', async () => {
  for (const action of [undefined, { kind: 'mangleBody' } as const]) {
    await using place = await openTestArchive({ legacy: { trustsChecksums: 'repeats sent' } });
    await place.s3.initialise('archive-1');
    await place.s3.lease?.read();
    if (action) place.store.faults.push({ match: { operation: 'PutObject', keyPart: 'b/streamed' }, action });
    // The read-back fails, as if the process had been killed.
    place.store.faults.push({
      match: { operation: 'GetObject', keyPart: 'b/streamed' },
      action: { kind: 'error', code: 'InternalError' },
    });
    const { state, parts } = await upload(place.s3, streamed);
    expect(await codeOf(place.s3.commit(streamed.file, state, parts, wholeOf(streamed)))).toBe('STORE_FAILED');
    place.store.faults.length = 0;
    const next = openTestS3(place.store);
    expect(await collect(next.list())).toHaveLength(action ? 0 : 1);
    expect((await next.open(streamed.file, wantedFor(streamed))).kind).toBe('upload');
    const state2 = { id: '', ...wantedFor(streamed) };
    expect(await codeOf(next.commit(streamed.file, state2, parts, wholeOf(streamed)))).toBe(action ? 'KEY_TAKEN' : undefined);
    expect(JSON.parse(place.store.content(bucketName, recordOf(streamed)).toString())).toMatchObject({ verified: !action });
    await next.close();
  }
});

test('a list skips an object in an archive class whose bytes nobody compared', async () => {
  const legacy = { noChecksums: true };
  await using place = await openTestArchive({ legacy }, { storageClass: 'DEEP_ARCHIVE' });
  await place.s3.initialise('archive-1');
  expect(await codeOf(archive(place.s3, streamed))).toBe('STORE_REFUSED');
  expect(await collect(place.s3.list())).toEqual([]);
});
