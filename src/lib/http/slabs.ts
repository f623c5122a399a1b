/**
 * The size of a slab. It is much more than TLS decrypts at a time (16 KB), so many reads share one
 * checksum, one write and one wait. Larger slabs save no measurable time and do not fit into the
 * processor's cache. When a slab is sent over TLS, OpenSSL allocates a buffer of the same size.
 */
export const slabBytes = 256 * 1024;

/**
 * Memory for bodies. It is reused, because Node would free it more slowly than new bodies arrive.
 * It is shared memory, so other threads read it without a copy.
 */
export interface Slabs {
  take(): Buffer;
  /** Takes a slab back. After that the caller must not read it or write to it. */
  giveBack(slab: Buffer): void;
}

/** Makes a store of slabs that keeps at most `maxFree` unused slabs. */
export function createSlabs(maxFree: number): Slabs {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.from(new SharedArrayBuffer(slabBytes)),
    giveBack: (slab) => {
      if (free.length < maxFree) free.push(slab);
    },
  };
}
