/** The time of a service's own clock, from the `Date` header of its replies. */

type Send = (args: never) => Promise<{ readonly response: unknown }>;

/** The part of an AWS SDK command that can look at replies. */
interface Observable {
  readonly middlewareStack: {
    add(middleware: (next: Send) => Send, options: { readonly step: 'deserialize'; readonly priority: 'high' }): void;
  };
}

/** Returns a function that gives the time of the command's last reply in ms since 1970, or null. */
export function noteReplyTime({ middlewareStack }: Observable): () => number | null {
  let date: string | undefined;
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { readonly headers?: Readonly<Record<string, string>> }).headers?.['date'];
      return result;
    },
    { step: 'deserialize', priority: 'high' },
  );
  return () => replyTimeMs(date);
}

/** The time in a `Date` header, in ms since 1970. Null if there is no date. */
export function replyTimeMs(date: string | undefined): number | null {
  const timeMs = Date.parse(date ?? '');
  return Number.isNaN(timeMs) ? null : timeMs;
}
