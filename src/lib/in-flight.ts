/**
 * Yields the result of `work` for each item, in the order of the items. Up to `limit` calls of
 * `work` run at the same time.
 */
export async function* inFlight<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const line: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    result.catch(() => {}); // this promise is awaited in its turn, or never
    line.push(result);
    if (line.length >= limit) yield await line.shift()!;
  }
  for (const result of line) yield await result;
}
