/**
 * Runs `act` for every item in order, and for at most `limit` items at a time. After an error no
 * further item begins. When the running items are done, throws the first error.
 */
export async function forEachLimited<Item>(
  items: Iterable<Item>,
  limit: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const shared: Iterable<Item> = { [Symbol.iterator]: () => ({ next: () => rest.next() }) };
  let failed = false;
  async function worker(): Promise<void> {
    for (const item of shared) {
      if (failed) return;
      try {
        await act(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: limit }, worker));
  const broken = results.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
}
