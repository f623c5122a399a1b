export interface Remembered<Value> {
  get(): Promise<Value>;
  forget(): void;
}

/** Computes a value at its first use. A failure is not remembered. */
export function remembered<Value>(compute: () => Promise<Value>): Remembered<Value> {
  let value: Promise<Value> | undefined;
  const forget = () => (value = undefined);
  return {
    forget,
    get: async () => {
      const current = (value ??= compute());
      return current.catch((error: unknown) => {
        if (value === current) forget();
        throw error;
      });
    },
  };
}
