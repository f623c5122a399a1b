import { array, assert, property, uint8Array } from 'fast-check';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32OfPieces } from './content.ts';

test('the CRC32 of the whole is computed from the CRC32s of its pieces', () => {
  assert(
    property(array(uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
      const known = pieces.map((piece) => ({ crc32: crc32(piece), sizeBytes: piece.length }));
      expect(crc32OfPieces(known)).toBe(crc32(Buffer.concat(pieces)));
    }),
  );
});

test('the CRC32 is right for a piece of more than 4 GiB', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  const chunk = { crc32: crc32(zeros), sizeBytes: zeros.length };
  const half = crc32OfPieces(Array.from({ length: 80 }, () => chunk));
  const halves = Array.from({ length: 2 }, () => ({ crc32: half, sizeBytes: 80 * zeros.length }));
  expect(crc32OfPieces(halves)).toBe(crc32OfPieces(Array.from({ length: 160 }, () => chunk)));
});
