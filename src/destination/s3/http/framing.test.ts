import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFraming, decodeCrc32, framedBytes, frameBytes } from './framing.ts';

/** Removes the frames from a body, as a store does. */
function unframe(body: Buffer): { readonly content: Buffer; readonly rest: string } {
  const frames: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (size === 0) return { content: Buffer.concat(frames), rest: body.toString('latin1', lineEnd + 2) };
    frames.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
    expect(body.toString('latin1', at - 2, at)).toBe('\r\n');
  }
}

test('a framed body has the announced length and the same content, however its chunks are cut', () => {
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.constantFrom(frameBytes - 1, frameBytes, frameBytes + 1, 2 * frameBytes + 3),
  );
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 5 }), (sizeBytes, cuts) => {
      const content = Buffer.alloc(sizeBytes, 'abcdefg');
      const framing = createFraming(sizeBytes);
      const pieces: (string | Uint8Array)[] = [];
      for (let at = 0, cut = 0; at < sizeBytes; cut += 1) {
        const end = at + (cuts[cut % cuts.length] ?? 1) + 1000;
        pieces.push(...framing.frame(content.subarray(at, end)));
        at = end;
      }
      const body = Buffer.concat([...pieces, framing.end(0xdeadbeef)].map((piece) => Buffer.from(piece as Uint8Array)));
      expect(body.length).toBe(framedBytes(sizeBytes));
      const { content: read, rest } = unframe(body);
      expect(read.equals(content)).toBe(true);
      expect(rest).toBe('x-amz-checksum-crc32:3q2+7w==\r\n\r\n');
    }),
    { numRuns: 60 },
  );
});

function texts(pieces: readonly (string | Uint8Array)[]): string[] {
  return pieces.filter((piece) => typeof piece === 'string');
}

test('the end of a frame and the beginning of the next frame are written together', () => {
  const framing = createFraming(2 * frameBytes);
  const frame = Buffer.alloc(frameBytes);
  expect(texts(framing.frame(frame))).toEqual(['100000\r\n']);
  expect(texts(framing.frame(frame))).toEqual(['\r\n100000\r\n']);
  expect(framing.end(0)).toBe('\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n');
});

test('a CRC32 of the whole object is parsed, and a checksum of checksums is not', () => {
  expect(decodeCrc32('3q2+7w==')).toBe(0xdeadbeef);
  expect(decodeCrc32('3q2+7w==-3')).toBeNull();
  expect(decodeCrc32('')).toBeNull();
  expect(decodeCrc32(undefined)).toBeNull();
});
