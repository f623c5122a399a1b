/**
 * Much more than TLS decrypts at a time (16 KB), so that checksum, write and waiting happen once
 * for many reads. Larger slabs save no time that we could measure, but they leave the processor's
 * cache, and OpenSSL makes a buffer of the same size when they are sent on.
 */
export const slabBytes = 256 * 1024;

/** Memory for bodies, used again: fresh memory would pile up faster than it is collected. */
export interface Slabs {
  take(): Buffer;
  /** Nobody reads or writes the slab any more. */
  giveBack(slab: Buffer): void;
}

/** Keeps at most `maxFree` slabs that are not in use. */
export function createSlabs(maxFree: number): Slabs {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(slabBytes),
    giveBack: (slab) => {
      if (free.length < maxFree) free.push(slab);
    },
  };
}
