import { setFlagsFromString } from 'node:v8';

/**
 * Sets flags of V8 that save 30 to 60 MB with a large library. Disposing the result resets the
 * flags. Buffers for bodies are used again, so most new objects are small and short-lived. The
 * flags keep the young generation small, collect the heap early and free array buffers without
 * delay.
 *
 * Call this function after the program is loaded. V8 does not use its cache of compiled code if the
 * flags differ, and loading without the cache makes the start a tenth slower.
 */
export function keepHeapSmall(): Disposable {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  return {
    [Symbol.dispose]: () => {
      setFlagsFromString('--semi-space-growth-factor=2');
      setFlagsFromString('--heap-growing-percent=0');
      setFlagsFromString('--concurrent-array-buffer-sweeping');
    },
  };
}
