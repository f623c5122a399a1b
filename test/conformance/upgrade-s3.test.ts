import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FileDescription } from '../../src/destination/destination.ts';
import { openS3, type S3Destination } from '../../src/destination/s3/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { wholeOf } from '../fixtures/archive.ts';
import { bucketObjects, keptDescription, archiveVersions, type KeptObject } from '../fixtures/kept.ts';
import { lease } from '../fixtures/ledger.ts';
import { archivedOriginals, archiveId } from '../fixtures/library.ts';
import type { S3Legacy } from '../s3-server/faults.ts';
import { startS3Store } from '../s3-server/index.ts';
import { collect } from '../support/collect.ts';
import { useTestCredentials } from '../support/s3-archive.ts';

useTestCredentials();

const bucket = 'archive';
/** A store without checksums, for which the archive describes each object in a record. */
const noChecksums: S3Legacy = { noChecksums: true };

/** Opens an archive that consists of these objects. */
async function openArchive(objects: readonly KeptObject[], legacy: S3Legacy = {}): Promise<S3Destination> {
  const store = await startS3Store({ buckets: [bucket], md5: true, legacy });
  const { endpoint } = store;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  for (const { key, metadata, body } of objects) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Metadata: metadata, Body: body }));
  }
  client.destroy();
  const s3 = openS3({ bucket, prefix: '', endpoint, clock: systemClock, stallMs: 10_000 });
  onTestFinished(async () => {
    await s3.close();
    await store.close();
  });
  return s3;
}

async function descriptionsIn(s3: S3Destination): Promise<ReadonlyMap<string, FileDescription | undefined>> {
  return new Map((await collect(s3.list())).map((file) => [file.key, file.description]));
}

const { adopted, ...others } = archivedOriginals;

describe.each(archiveVersions)('a bucket that version %s wrote', (version) => {
  test.each([
    ['checksums', {}],
    ['records', noChecksums],
  ])('the description of each file in a bucket of an earlier version is still read, with its %s', async (_, legacy) => {
    const s3 = await openArchive(await bucketObjects(version), legacy);
    expect(await s3.identify()).toBe(archiveId);
    const expected = Object.values(archivedOriginals).map((file) => {
      const { sizeBytes, crc32 } = wholeOf(file);
      return [
        file.key,
        { key: file.key, sizeBytes, crc32, description: keptDescription(version, file), presentBytes: sizeBytes },
      ] as const;
    });
    expect(new Map((await collect(s3.list())).map((file) => [file.key, file]))).toEqual(new Map(expected));
  });

  test('the lease of a killed run is still read', async () => {
    const s3 = await openArchive(await bucketObjects(version));
    expect((await s3.lease!.read()).record).toEqual(version === 'v1' ? undefined : lease);
  });

  test('a bucket that names a newer version is refused', async () => {
    const description = JSON.stringify({ id: archiveId, version: 2, createdAt: '2027-01-01T00:00:00.000Z', layout: 'new' });
    const s3 = await openArchive([{ key: '.cloud-sync/archive.json', metadata: {}, body: description }]);
    await expect(s3.identify()).rejects.toMatchObject({
      code: 'DESTINATION_UNUSABLE',
      message: expect.stringContaining('newer Cloud Sync'),
    });
  });

  test.each([
    ['checksums', {}],
    ['records', noChecksums],
  ])('a bucket with unknown fields and providers can be read, by %s', async (_, legacy) => {
    const newer = (await bucketObjects(version)).map((object) => {
      const { key, metadata, body } = object;
      const provider = key.includes(adopted.key) ? { provider: 'dropbox' } : {};
      if (!key.startsWith('.cloud-sync/')) return { key, body, metadata: { ...metadata, notary: 'them', ...provider } };
      if (!key.startsWith('.cloud-sync/records/')) return object;
      const record = JSON.parse(body) as { readonly description: object };
      const description = { ...record.description, notary: 'them', ...provider };
      return { key, metadata, body: JSON.stringify({ ...record, description, claims: [{ kind: 'md5' }] }) };
    });
    const known = Object.values(others).map((file) => [file.key, keptDescription(version, file)] as const);
    expect(await descriptionsIn(await openArchive(newer, legacy))).toEqual(new Map(known));
  });

  test('an object whose record cannot be read is not listed', async () => {
    const objects = (await bucketObjects(version)).map((object) =>
      object.key.endsWith(`${adopted.key}.json`) ? { ...object, body: '{"verified":"by another"}' } : object,
    );
    expect([...(await descriptionsIn(await openArchive(objects, noChecksums))).keys()]).not.toContain(adopted.key);
  });
});
