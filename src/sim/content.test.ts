import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksOf, contentOf, crc32Of, sha256Of } from './content.ts';

const MIB = 1024 * 1024;
const video = { seed: 'a', sizeBytes: 3 * MIB + 17, extension: 'mp4' };

describe('content of simulated files', () => {
  test('a range of a file has the same bytes as that part of the whole file', () => {
    const whole = contentOf(video);
    expect(whole).toHaveLength(video.sizeBytes);
    assert(
      property(nat(video.sizeBytes), nat(video.sizeBytes), (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(contentOf(video, start, end).equals(whole.subarray(start, end))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('the same seed gives the same bytes, and another seed gives other bytes', () => {
    expect(contentOf({ ...video }).equals(contentOf(video))).toBe(true);
    const other = contentOf({ ...video, seed: 'b' });
    for (let at = 0; at < video.sizeBytes - 64; at += MIB / 2) {
      expect(other.subarray(at, at + 64).equals(contentOf(video, at, at + 64))).toBe(false);
    }
  });

  test('no two blocks of 1 MiB in a file begin with the same bytes', () => {
    const big = { seed: 'big', sizeBytes: 14_000_000_000, extension: 'mp4' };
    const starts = new Set<string>();
    let places = 0;
    for (let at = 0; at + 32 < big.sizeBytes; at += MIB) {
      starts.add(contentOf(big, at, at + 32).toString('hex'));
      places += 1;
    }
    expect(starts.size).toBe(places);
  });

  test('small files with different seeds have different bytes', () => {
    const bodies = new Set(
      Array.from({ length: 5_000 }, (_, n) => contentOf({ seed: `s${n}`, sizeBytes: 256, extension: 'jpg' }).toString('hex')),
    );
    expect(bodies.size).toBe(5_000);
  });

  test.each([
    ['mp4', 4, 'ftypmp41'],
    ['360', 4, 'ftypmp41'],
    ['mov', 4, 'ftypqt  '],
    ['jpg', 0, '\xff\xd8\xff'],
    ['jpeg', 0, '\xff\xd8\xff'],
    ['png', 0, '\x89PNG\r\n\x1a\n'],
    ['gpr', 0, 'II*\0'],
    ['json', 0, '{'],
    ['gpx', 0, '<?xml'],
    ['wav', 0, 'RIFF'],
  ])('a .%s file begins with the right magic number', (extension, offset, magic) => {
    const expected = Buffer.from(magic, 'latin1');
    expect(contentOf({ seed: 'x', sizeBytes: 5_000, extension }, offset, offset + expected.length)).toEqual(expected);
  });

  test('the boxes of an mp4 fill the file exactly, even beyond 4 GiB', () => {
    const file = { seed: 'boxes', sizeBytes: 5 * 1024 * MIB, extension: 'mp4' };
    const names: string[] = [];
    let at = 0;
    while (at < file.sizeBytes) {
      const head = contentOf(file, at, at + 16);
      names.push(head.toString('latin1', 4, 8));
      at += head.readUInt32BE(0) === 1 ? Number(head.readBigUInt64BE(8)) : head.readUInt32BE(0);
    }
    expect(names).toEqual(['ftyp', 'free', 'mdat']);
    expect(at).toBe(file.sizeBytes);
  });

  test('a file that is shorter than a header has only the start of the header, and a file of size 0 has no bytes', () => {
    expect(contentOf({ ...video, sizeBytes: 3 })).toHaveLength(3);
    expect(contentOf({ ...video, sizeBytes: 0 })).toHaveLength(0);
  });

  test('the SHA-256 and the CRC32 match the bytes', async () => {
    const bytes = contentOf(video);
    expect(await sha256Of(video)).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await crc32Of(video)).toBe(crc32(bytes));
  });

  test('a range deep in a huge file is read without the bytes before it', () => {
    const huge = { seed: 'huge', sizeBytes: 2 ** 50, extension: 'mp4' };
    const [chunk] = chunksOf(huge, 2 ** 49, 2 ** 49 + 10);
    expect(chunk).toHaveLength(10);
  });
});
