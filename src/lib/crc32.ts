/**
 * The CRC-32 that zip and S3 use: reflected, with the polynomial 0xEDB88320. To compute it in
 * pieces, begin with `crc = 0` and repeat `crc = crc32(chunk, crc)`.
 */
export { crc32 } from 'node:zlib';

const polynomial = 0xedb88320;
/** The polynomial 1. In a reflected CRC the highest bit is the coefficient of x⁰. */
const one = 0x80000000;
/**
 * `powers[k]` is x^(8 · 2^k) modulo the polynomial. A checksum times `powers[k]` is the checksum
 * after 2^k more zero bytes.
 */
const powers = byteShiftPowers(53);

/**
 * The CRC-32 of A followed by B. It needs the CRC-32 of A and of B, and the length of B in bytes.
 */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  return (multiply(byteShift(lengthB), crcA) ^ crcB) >>> 0;
}

/** The CRC-32 of a whole file. It needs the checksums of the file's parts, in order. */
export function crc32OfParts(parts: Iterable<{ readonly sizeBytes: number; readonly crc32: number }>): number {
  let whole = 0;
  for (const part of parts) whole = combineCrc32(whole, part.crc32, part.sizeBytes);
  return whole;
}

/** Formats a checksum as eight hexadecimal digits in lower case. */
export function crc32Hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** Formats a checksum for `x-amz-checksum-crc32`: Base64 of the four bytes, highest byte first. */
export function crc32Base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

function byteShiftPowers(count: number): Uint32Array {
  const shifts = new Uint32Array(count);
  shifts[0] = one >>> 8;
  for (let k = 1; k < count; k += 1) {
    const previous = shifts[k - 1] ?? 0;
    shifts[k] = multiply(previous, previous);
  }
  return shifts;
}

/**
 * x^(8 · bytes) modulo the polynomial. The loop divides by 2, because a bit shift would cut a
 * length to 32 bits.
 */
function byteShift(bytes: number): number {
  let shift = one;
  for (let k = 0, rest = bytes; rest > 0; k += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(powers[k] ?? 0, shift);
  }
  return shift;
}

/**
 * The product of two polynomials over GF(2), modulo the polynomial. For each bit of `a` that is
 * set, it adds `b` times the power of x that the bit stands for. It uses masks and no branches,
 * because a processor cannot predict branches on random bits.
 */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    product ^= shifted & (rest >> 31);
    shifted = (shifted >>> 1) ^ (polynomial & -(shifted & 1));
  }
  return product >>> 0;
}
