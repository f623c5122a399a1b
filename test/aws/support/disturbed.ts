import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * Counts a client's calls by the name of the command. A call counts once, even if it takes several
 * requests.
 */
export function countCalls(client: DynamoDBClient): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        calls.set(commandName, (calls.get(commandName) ?? 0) + 1);
        return next(args);
      },
    { step: 'initialize', name: 'countCalls' },
  );
  return calls;
}

/** Fails the first `times` attempts at a command, before or after the service carries it out. */
export function failFirst(
  client: DynamoDBClient,
  command: string,
  trouble: { readonly times: number; readonly when: 'before' | 'after'; readonly error: () => Error },
): { readonly left: () => number } {
  let left = trouble.times;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const isHit = commandName === command && left > 0;
        if (isHit) left -= 1;
        if (isHit && trouble.when === 'before') throw trouble.error();
        const result = await next(args);
        if (isHit) throw trouble.error();
        return result;
      },
    { step: 'finalizeRequest', name: `failFirst${command}`, priority: 'low' },
  );
  return { left: () => left };
}

/** Changes the reply to the first batch read of two or more keys: its last key is not processed. */
export function leaveUnprocessed(client: DynamoDBClient, table: string): { readonly done: () => boolean } {
  let done = false;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = args.input as { RequestItems?: Record<string, { Keys?: unknown[] }> };
        const keys = input.RequestItems?.[table]?.Keys;
        if (done || commandName !== 'BatchGetItemCommand' || !keys || keys.length < 2) return next(args);
        done = true;
        const some = { ...input.RequestItems![table], Keys: keys.slice(0, -1), ConsistentRead: true };
        const result = await next({ ...args, input: { ...input, RequestItems: { [table]: some } } });
        Object.assign(result.output, { UnprocessedKeys: { [table]: { Keys: keys.slice(-1), ConsistentRead: true } } });
        return result;
      },
    { step: 'initialize', name: 'leaveUnprocessed' },
  );
  return { done: () => done };
}

/** Calls `act` once, directly before the first request of a command. */
export function beforeFirst(client: DynamoDBClient, command: string, act: () => Promise<unknown>): void {
  let done = false;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (!done && commandName === command) {
          done = true;
          await act();
        }
        return next(args);
      },
    { step: 'initialize', name: `beforeFirst${command}` },
  );
}
