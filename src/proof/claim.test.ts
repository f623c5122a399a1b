import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimInS3Headers, decodeClaim, encodeClaim, matchesClaim, parseEtag, partSizesOf, wayOf, wholeFile } from './claim.ts';

const mebibyte = 1024 * 1024;

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

function cut(file: Uint8Array, partBytes: number): Uint8Array[] {
  const count = partBytes === wholeFile ? 1 : Math.max(1, Math.ceil(file.length / partBytes));
  return Array.from({ length: count }, (_, index) =>
    count === 1 ? file : file.subarray(index * partBytes, (index + 1) * partBytes),
  );
}

function digestsOf(file: Uint8Array, partBytes: number): string[] {
  return cut(file, partBytes).map((part) => md5(part).toString('hex'));
}

/** The ETag by the rules of S3. Without `partBytes` the object was stored by one PUT. */
function etagOf(file: Uint8Array, partBytes?: number): string {
  if (partBytes === undefined) return `"${md5(file).toString('hex')}"`;
  const parts = cut(file, partBytes).map(md5);
  return `"${md5(Buffer.concat(parts)).toString('hex')}-${parts.length}"`;
}

/** Whether any of these part sizes proves that `file` has the ETag. */
function isProven(file: Uint8Array, etag: string, partSizes: readonly number[]): boolean {
  return partSizes.some((size) => matchesClaim(parseEtag(etag)!, digestsOf(file, size)));
}

/** All damages of one byte: changed, missing, doubled, or moved to another place. */
const damages: Readonly<Record<string, (file: Buffer, at: number, to: number) => Buffer>> = {
  changed: (file, at, to) => Buffer.concat([file.subarray(0, at), Buffer.of(file[at]! ^ (1 << (to % 8))), file.subarray(at + 1)]),
  missing: (file, at) => Buffer.concat([file.subarray(0, at), file.subarray(at + 1)]),
  doubled: (file, at) => Buffer.concat([file.subarray(0, at + 1), file.subarray(at)]),
  moved: (file, at, to) => {
    const rest = damages.missing!(file, at, 0);
    return Buffer.concat([rest.subarray(0, to), file.subarray(at, at + 1), rest.subarray(to)]);
  },
};

const someFile = fc.uint8Array({ minLength: 1, maxLength: 1500 }).map((bytes) => Buffer.from(bytes));
/** The part size of an upload. Undefined: the object was stored by one PUT. */
const somePartBytes = fc.option(fc.integer({ min: 1, max: 2000 }), { nil: undefined });

describe('a file and its ETag', () => {
  test('for every file and every part size, the ETag of S3 proves the file', () => {
    fc.assert(
      fc.property(someFile, somePartBytes, (file, partBytes) => {
        const size = partBytes === undefined || partBytes >= file.length ? wholeFile : partBytes;
        return isProven(file, etagOf(file, partBytes), [size]);
      }),
      { numRuns: 300 },
    );
  });

  test.each(Object.entries(damages))('a file with one byte %s is never proven by the ETag, with no part size', (_, damage) => {
    fc.assert(
      fc.property(someFile, somePartBytes, fc.nat(), fc.nat(), (file, partBytes, at, to) => {
        const damaged = damage(file, at % file.length, to % file.length);
        fc.pre(!damaged.equals(file));
        const everySize = Array.from({ length: file.length + 1 }, (__, size) => size);
        return !isProven(damaged, etagOf(file, partBytes), everySize);
      }),
      { numRuns: 30 },
    );
  });

  test('parts in another order, or one part too few or too many, prove nothing', () => {
    const file = Buffer.from('one.two.six.');
    const claim = parseEtag(etagOf(file, 4))!;
    const [one, two, six] = digestsOf(file, 4) as [string, string, string];
    expect(matchesClaim(claim, [one, two, six])).toBe(true);
    for (const wrong of [[two, one, six], [one, two], [one, two, six, six], [one + two, six], [one + two + six], []]) {
      expect(matchesClaim(claim, wrong)).toBe(false);
    }
  });

  test('the ETag of one part is not the MD5 of the file, and neither stands for the other', () => {
    const file = Buffer.from('one');
    const [digest] = digestsOf(file, wholeFile) as [string];
    expect(matchesClaim(parseEtag(etagOf(file, 4))!, [digest])).toBe(true);
    expect(matchesClaim({ kind: 's3-etag', digest, parts: 1 }, [digest])).toBe(false);
    expect(matchesClaim({ ...parseEtag(etagOf(file, 4))!, parts: null }, [digest])).toBe(false);
  });
});

function claimOf(parts: number | null) {
  return { kind: 's3-etag', digest: '0'.repeat(32), parts } as const;
}

/** The part sizes in MiB for a file of 20 MiB in two parts. */
function mebibytesOf(proved: readonly number[]): number[] {
  const sizes = partSizesOf(
    claimOf(2),
    20 * mebibyte,
    proved.map((size) => size * mebibyte),
  );
  return sizes.map((size) => size / mebibyte);
}

describe('the part sizes that a claim can mean', () => {
  const anyMebibytes = fc.integer({ min: 1, max: 128 });
  /** A part size, a number of parts, and the size of a file that has that many parts. */
  const upload = fc
    .tuple(anyMebibytes, fc.integer({ min: 2, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([mebibytes, parts, fill]) => {
      const partBytes = mebibytes * mebibyte;
      return { partBytes, parts, sizeBytes: (parts - 1) * partBytes + 1 + Math.floor(fill * (partBytes - 1)) };
    });

  test('they contain the true part size, each only once, and none that gives another number of parts', () => {
    fc.assert(
      fc.property(upload, ({ partBytes, parts, sizeBytes }) => {
        const sizes = partSizesOf(claimOf(parts), sizeBytes);
        expect(sizes).toContain(partBytes);
        expect(new Set(sizes).size).toBe(sizes.length);
        for (const size of sizes) expect(Math.ceil(sizeBytes / size)).toBe(parts);
      }),
    );
  });

  test('sizes that proved other files come first, then the usual ones, then the rest', () => {
    expect(mebibytesOf([])).toEqual([16, 10, 11, 12, 13, 14, 15, 17, 18, 19]);
    expect(mebibytesOf([19, 100, 10])).toEqual([19, 10, 16, 11, 12, 13, 14, 15, 17, 18]);
    expect(mebibytesOf([10.5])).not.toContain(10.5);
  });

  test('a plain MD5 and the ETag of one part are claims of the whole file, whatever its size', () => {
    for (const parts of [null, 1]) {
      for (const sizeBytes of [0, 1, 5 * 1024 ** 4])
        expect(partSizesOf(claimOf(parts), sizeBytes, [mebibyte])).toEqual([wholeFile]);
    }
  });

  test('if no size fits, the claim decides nothing', () => {
    expect(partSizesOf(claimOf(2), 0)).toEqual([]);
    expect(partSizesOf(claimOf(2), 300 * mebibyte)).toEqual([]);
    expect(partSizesOf(claimOf(10_000), 1000)).toEqual([]);
  });
});

describe('what a reply claims', () => {
  const digest = '0123456789abcdef0123456789abcdef';

  test.each([
    { etag: `"${digest}"`, parts: null },
    { etag: digest, parts: null },
    { etag: `"${digest.toUpperCase()}-17"`, parts: 17 },
    { etag: `"${digest}-10000"`, parts: 10_000 },
  ])('the ETag $etag is a claim', ({ etag, parts }) => {
    const claim = { kind: 's3-etag', digest, parts };
    expect(parseEtag(etag)).toEqual(claim);
    expect(claimInS3Headers({ etag })).toEqual(claim);
  });

  test.each([
    undefined,
    null,
    '',
    '""',
    `W/"${digest}"`,
    `"${digest}-0"`,
    `"${digest}-01"`,
    `"${digest}-10001"`,
    `"${digest}-"`,
    `"${digest}-1-2"`,
    `"${digest}0"`,
    `"${digest.slice(1)}"`,
    `"${digest}", "${digest}"`,
    `${digest}\n`,
    '"5f3e-61a0c"',
  ])('the ETag %j is no claim', (etag) => {
    expect(parseEtag(etag)).toBeNull();
  });

  test.each([
    { headers: { 'x-amz-server-side-encryption': 'AES256' }, isClaim: true },
    { headers: { 'x-amz-server-side-encryption': 'aws:kms' }, isClaim: false },
    { headers: { 'x-amz-server-side-encryption': 'aws:kms:dsse' }, isClaim: false },
    { headers: { 'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:key' }, isClaim: false },
    { headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, isClaim: false },
    { headers: { 'x-amz-server-side-encryption-customer-key-md5': 'abc' }, isClaim: false },
  ])('whether a reply with $headers makes a claim: $isClaim', ({ headers, isClaim }) => {
    expect(claimInS3Headers({ etag: `"${digest}"`, ...headers }) !== null).toBe(isClaim);
  });

  test('a claim is the same after it was written as text', () => {
    for (const parts of [null, 1, 10_000]) {
      const claim = { kind: 's3-etag', digest, parts } as const;
      expect(decodeClaim(encodeClaim(claim))).toEqual(claim);
    }
    expect(encodeClaim(null)).toBe('none');
    for (const text of [null, '', 'none', 'sha256:abc', 's3-etag', 's3-etag:abc', `S3-ETAG:${digest}`]) {
      expect(decodeClaim(text)).toBeNull();
    }
  });
});

test('a way names how an object was stored, and nothing of its content', () => {
  const claim = { kind: 's3-etag', digest: '', parts: null } as const;
  const ways = [
    wayOf(claim, wholeFile),
    wayOf({ ...claim, parts: 1 }, wholeFile),
    wayOf({ ...claim, parts: 9 }, 5),
    wayOf({ ...claim, parts: 9 }, 6),
  ];
  expect(new Set(ways).size).toBe(4);
  expect(wayOf({ ...claim, parts: 2 }, 5)).toBe(ways[2]);
});
