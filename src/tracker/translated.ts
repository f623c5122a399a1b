import type { Tracker } from './tracker.ts';

/** The same tracker, except that what its store throws is thrown as `translate` has it. */
export function translated(tracker: Tracker, translate: (thrown: unknown) => unknown): Tracker {
  const rethrow = (thrown: unknown): never => {
    throw translate(thrown);
  };
  const methods = Object.entries(tracker).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member];
    const method = member as (...args: unknown[]) => Promise<unknown>;
    return [name, async (...args: unknown[]) => method(...args).catch(rethrow)];
  });
  return {
    ...(Object.fromEntries(methods) as Tracker),
    openMedia: (roles) => translatedItems(tracker.openMedia(roles), rethrow),
    rows: (statuses) => translatedItems(tracker.rows(statuses), rethrow),
  };
}

async function* translatedItems<Item>(items: AsyncIterable<Item>, rethrow: (thrown: unknown) => never): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    rethrow(error);
  }
}
