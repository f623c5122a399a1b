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

const days = '(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?';
const httpDate = new RegExp(`^${days}, \\d\\d[ -][A-Z][a-z]{2}[ -](?:\\d\\d){1,2} \\d\\d:\\d\\d:\\d\\d GMT$`);
const asctimeDate = new RegExp(`^${days} [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}$`);

/**
 * Reads a date of HTTP in one of its three forms (RFC 9110, 5.6.7), in ms since 1970. Returns null
 * for any other text. `Date.parse` alone would read a date in numbers such as -5.
 */
export function replyTimeMs(date: string | undefined): number | null {
  const text = date?.trim() ?? '';
  const timeMs = httpDate.test(text) ? Date.parse(text) : asctimeDate.test(text) ? Date.parse(`${text} GMT`) : NaN;
  return Number.isNaN(timeMs) ? null : timeMs;
}
