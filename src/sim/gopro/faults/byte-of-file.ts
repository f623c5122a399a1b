/** Names one byte of a file, so that a fault can be aimed at it. */
import { z } from 'zod';
import type { SimFile } from '../library/medium.ts';

/**
 * An offset, or a byte that depends on the file: its middle, or the byte before or after the first
 * border between the parts in which the provider stored the file. The border of a file that was
 * stored in one part is its end.
 */
export const byteOfFile = z.union([z.int().min(0), z.enum(['middle', 'beforeBorder', 'afterBorder'])]);

export type ByteOfFile = z.infer<typeof byteOfFile>;

/** Returns the offset of the byte, or undefined if the file does not have it. */
export function offsetOf(byte: ByteOfFile, { sizeBytes, stored }: SimFile): number | undefined {
  const border = Math.min(stored.partBytes ?? sizeBytes, sizeBytes);
  const places = { middle: Math.floor(sizeBytes / 2), beforeBorder: border - 1, afterBorder: border };
  const offset = typeof byte === 'number' ? byte : places[byte];
  return offset >= 0 && offset < sizeBytes ? offset : undefined;
}
