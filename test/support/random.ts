/** Returns numbers from 0 to below 1 (mulberry32). Equal seeds give equal numbers. */
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
 * The seed of this test run. It is `CLOUD_SYNC_TEST_SEED`, or a new one each time. The seed is
 * printed, so that a failure can be repeated.
 */
export function chooseSeed(): number {
  const seed = Number(process.env['CLOUD_SYNC_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stderr.write(`CLOUD_SYNC_TEST_SEED=${seed}\n`);
  return seed;
}
