/**
 * Much more than TLS decrypts at a time (16 KB), so one checksum, one write and one wait serve many
 * reads. Larger slabs save no measurable time. They do not fit the processor's cache, and OpenSSL
 * allocates a buffer of the same size when it sends them on.
 */
export const slabBytes = 256 * 1024;

/**
 * Memory for bodies. It is used again, because fresh memory would grow faster than it is collected.
 */
export interface Slabs {
  take(): Buffer;
  /** Takes a slab back. Nobody may read or write it after that. */
  giveBack(slab: Buffer): void;
}

/** Keeps at most `maxFree` unused slabs. */
export function createSlabs(maxFree: number): Slabs {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(slabBytes),
    giveBack: (slab) => {
      if (free.length < maxFree) free.push(slab);
    },
  };
}
