import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { contentOf } from './content.ts';
import { encryptionHeadersOf, etagOf, pickWay, usualWays } from './etag.ts';

const MIB = 1024 * 1024;
const video = { seed: 'etag', sizeBytes: 3 * MIB + 17, extension: 'mp4' };

function md5(...data: readonly Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const each of data) hash.update(each);
  return hash.digest();
}

/** The ETag that S3 computes for an object that is uploaded in these parts. */
function etagInParts(parts: readonly Buffer[]): string {
  return `"${md5(...parts.map((part) => md5(part))).toString('hex')}-${parts.length}"`;
}

function partsOf(sizeBytes: number, partBytes: number): Buffer[] {
  const bytes = contentOf({ ...video, sizeBytes });
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  return Array.from({ length: count }, (_, nth) => bytes.subarray(nth * partBytes, (nth + 1) * partBytes));
}

describe('the ETags of simulated files', () => {
  test('a file in one piece has its MD5 as ETag', async () => {
    expect(await etagOf(video, { partBytes: null })).toBe(`"${md5(contentOf(video)).toString('hex')}"`);
    expect(await etagOf({ ...video, sizeBytes: 0 }, { partBytes: null })).toBe('"d41d8cd98f00b204e9800998ecf8427e"');
  });

  test.each([
    [3 * MIB + 17, MIB, 4],
    [3 * MIB, MIB, 3],
    [3 * MIB + 1, MIB, 4],
    [3 * MIB - 1, MIB, 3],
    [2 * MIB, 700_001, 3],
    [MIB, MIB, 1],
    [MIB, 20 * MIB, 1],
    [9, 4, 3],
    [0, MIB, 1],
  ])('a file of %i bytes in parts of %i bytes has the ETag of its %i parts', async (sizeBytes, partBytes, count) => {
    const parts = partsOf(sizeBytes, partBytes);
    expect(parts).toHaveLength(count);
    expect(await etagOf({ ...video, sizeBytes }, { partBytes })).toBe(etagInParts(parts));
  });

  test('the ETag of a large file is computed once, and other code runs during the computation', async () => {
    const large = { ...video, sizeBytes: 200 * MIB };
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    const started = performance.now();
    const etag = await etagOf(large, { partBytes: 100 * MIB });
    const firstMs = performance.now() - started;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    expect(etag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const again = performance.now();
    expect(await etagOf({ ...large }, { partBytes: 100 * MIB })).toBe(etag);
    expect(performance.now() - again).toBeLessThan(firstMs / 10);
  });

  test.each(['kms', 'customer', 'unmarked'] as const)(
    'the ETag of a file with encryption %s has the usual form and is no digest of it',
    async (encryption) => {
      const plain = await etagOf(video, { partBytes: MIB });
      const encrypted = await etagOf(video, { partBytes: MIB, encryption });
      expect(encrypted).toMatch(/^"[0-9a-f]{32}-4"$/);
      expect(encrypted).not.toBe(plain);
      expect(await etagOf(video, { partBytes: null, encryption })).toMatch(/^"[0-9a-f]{32}"$/);
      expect(await etagOf({ ...video, seed: 'other' }, { partBytes: MIB, encryption })).not.toBe(encrypted);
    },
  );

  test('headers name the key of the store, of a key service and of the customer, but not an unmarked key', () => {
    const name = 'x-amz-server-side-encryption';
    expect(encryptionHeadersOf({ partBytes: null })).toEqual({ [name]: 'AES256' });
    expect(encryptionHeadersOf({ partBytes: null, encryption: 'kms' })).toMatchObject({ [name]: 'aws:kms' });
    expect(encryptionHeadersOf({ partBytes: null, encryption: 'customer' })).toHaveProperty(`${name}-customer-algorithm`);
    expect(encryptionHeadersOf({ partBytes: null, encryption: 'unmarked' })).toEqual({});
  });

  test('the files of a library are stored in every usual way, and each file always in the same way', () => {
    const picked = Array.from({ length: 200 }, (_, nth) => pickWay(usualWays, `file ${nth}`));
    expect(new Set(picked.map(({ partBytes }) => partBytes))).toEqual(new Set(usualWays.map(({ partBytes }) => partBytes)));
    expect(Array.from({ length: 200 }, (_, nth) => pickWay(usualWays, `file ${nth}`))).toEqual(picked);
  });
});
