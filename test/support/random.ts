/** Returns numbers from 0 up to, not including, 1. Equal seeds give equal numbers. (mulberry32) */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Chooses the seed of this test run: `CLOUD_SYNC_TEST_SEED`, else a new one. It is printed, so that
 * a failure can be repeated.
 */
export function chooseSeed(): number {
  const seed = Number(process.env['CLOUD_SYNC_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stderr.write(`CLOUD_SYNC_TEST_SEED=${seed}\n`);
  return seed;
}
