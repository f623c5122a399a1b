import { setFlagsFromString } from 'node:v8';

/**
 * Saves 30 to 60 MB with a large library, until it is disposed. Buffers for bodies are reused, so
 * most new objects are small and short-lived. The flags keep the young generation small, collect
 * the heap early and free array buffers at once.
 *
 * Call it after the program is loaded. V8 uses cached code only under the flags that the code was
 * cached with. If the flags were set earlier, each process would start a tenth slower.
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
