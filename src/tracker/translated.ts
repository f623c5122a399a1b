import type { Tracker } from './tracker.ts';

type Translate = (thrown: unknown) => unknown;

/** The same tracker, except that what its store throws is thrown as `translate` has it. */
export function translated(tracker: Tracker, translate: Translate): Tracker {
  const methods = Object.entries(tracker).map(([name, member]) => [
    name,
    typeof member === 'function' ? translatedMethod(member as Method, translate) : member,
  ]);
  return {
    ...(Object.fromEntries(methods) as Tracker),
    openMedia: (roles) => translatedItems(tracker.openMedia(roles), translate),
    rows: (statuses) => translatedItems(tracker.rows(statuses), translate),
  };
}

type Method = (...args: unknown[]) => Promise<unknown>;

function translatedMethod(method: Method, translate: Translate): Method {
  return async (...args) => {
    try {
      return await method(...args);
    } catch (error) {
      throw translate(error);
    }
  };
}

async function* translatedItems<Item>(items: AsyncIterable<Item>, translate: Translate): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw translate(error);
  }
}
