type Promising<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** Methods as the port has them: they return promises, and what their store throws is thrown as `translate` has it. */
export function promising<Methods extends Record<string, (...args: never[]) => unknown>>(
  methods: Methods,
  translate: (thrown: unknown) => unknown,
): Promising<Methods> {
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    async (...args: never[]) => {
      try {
        return await method(...args);
      } catch (error) {
        throw translate(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Promising<Methods>;
}

export async function* translated<Item>(
  items: AsyncIterable<Item>,
  translate: (thrown: unknown) => unknown,
): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw translate(error);
  }
}
