/**
 * CRC-32 as in zip and S3: reflected, polynomial 0xEDB88320. A running checksum begins with 0 and
 * grows by `crc = crc32(chunk, crc)`.
 */
export { crc32 } from 'node:zlib';

const polynomial = 0xedb88320;
/** The polynomial 1. In a reflected CRC the highest bit is the coefficient of x⁰. */
const one = 0x80000000;
/**
 * powers[k] is x^(8 · 2^k) modulo the polynomial. To append 2^k bytes, multiply the sum by it.
 */
const powers = byteShiftPowers(53);

/** The CRC-32 of A followed by B, from the CRC-32 of each and the length of B in bytes. */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  return (multiply(byteShift(lengthB), crcA) ^ crcB) >>> 0;
}

/** The CRC-32 of a whole file, from those of its parts in order. */
export function crc32OfParts(parts: Iterable<{ readonly sizeBytes: number; readonly crc32: number }>): number {
  let whole = 0;
  for (const part of parts) whole = combineCrc32(whole, part.crc32, part.sizeBytes);
  return whole;
}

/** Eight lower-case hexadecimal digits. */
export function crc32Hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** Base64 of the four bytes, highest byte first, as in `x-amz-checksum-crc32`. */
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
 * x^(8 · bytes) modulo the polynomial. It divides instead of shifting, because lengths exceed 32
 * bits.
 */
function byteShift(bytes: number): number {
  let shift = one;
  for (let k = 0, rest = bytes; rest > 0; k += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(powers[k] ?? 0, shift);
  }
  return shift;
}

/**
 * The product of two polynomials over GF(2), modulo the polynomial. For each coefficient of `a` it
 * adds `b` times that power of x. It uses masks instead of branches: the bits are random, so half
 * of the branches would be mispredicted.
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
