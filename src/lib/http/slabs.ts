/**
 * Much more than TLS decrypts at a time (16 KB), so that checksum, write and waiting happen once for many reads. Larger ones save no
 * time that could be measured, but they leave the processor's cache, and OpenSSL makes a buffer of the same size when they are sent on.
 */
export const slabBytes = 256 * 1024;

/** Memory for bodies, used again and again: fresh ones would pile up faster than they are collected. */
export interface Slabs {
  take(): Buffer;
  /** Nobody reads or writes it any more. */
  giveBack(slab: Buffer): void;
}

/** Keeps at most `most` slabs that are not in use. */
export function createSlabs(most: number): Slabs {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(slabBytes),
    giveBack: (slab) => {
      if (free.length < most) free.push(slab);
    },
  };
}
