import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineCrc32, crc32, crc32Base64, crc32Hex, crc32OfParts } from './crc32.ts';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('combining checksums', () => {
  test('combining two checksums gives the checksum of the concatenation', () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => combineCrc32(crc32(a), crc32(b), b.length) === crc32(b, crc32(a))));
  });

  test('combining checksums is associative for lengths up to many terabytes', () => {
    const crc = fc.integer({ min: 0, max: 0xffffffff });
    const length = fc.nat({ max: 2 ** 45 });
    fc.assert(
      fc.property(crc, crc, crc, length, length, (a, b, c, lengthB, lengthC) => {
        const left = combineCrc32(combineCrc32(a, b, lengthB), c, lengthC);
        const right = combineCrc32(a, combineCrc32(b, c, lengthC), lengthB + lengthC);
        expect(left).toBe(right);
      }),
    );
  });

  test('the combined checksum of any parts equals the checksum of the whole file', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (parts) => {
        const described = parts.map((part) => ({ sizeBytes: part.length, crc32: crc32(part) }));
        expect(crc32OfParts(described)).toBe(crc32(Buffer.concat(parts)));
      }),
    );
  });

  test('the combined checksum of a gigabyte of zeros equals the known value', () => {
    const mebibyte = crc32(Buffer.alloc(2 ** 20));
    let streamed = 0;
    for (let index = 0; index < 300; index += 1) streamed = crc32(Buffer.alloc(2 ** 20), streamed);
    expect(crc32OfParts(Array.from({ length: 300 }, () => ({ sizeBytes: 2 ** 20, crc32: mebibyte })))).toBe(streamed);
  });

  test('combining the checksums of 9,000 parts of a 110 GB file takes milliseconds', () => {
    const parts = Array.from({ length: 9_000 }, (_, index) => ({ sizeBytes: 12_345_679, crc32: index * 7919 }));
    crc32OfParts(parts);
    // Only the time of this thread is measured, so that a busy computer does not fail the test.
    const start = process.threadCpuUsage();
    crc32OfParts(parts);
    const { user, system } = process.threadCpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(50);
  });
});

test('a checksum is formatted in hexadecimal and in the form that S3 uses', () => {
  const check = crc32('123456789');
  expect(crc32Hex(check)).toBe('cbf43926');
  expect(crc32Base64(check)).toBe('y/Q5Jg==');
  expect(crc32Hex(0)).toBe('00000000');
  expect(crc32Base64(0)).toBe('AAAAAA==');
});
