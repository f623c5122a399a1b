import type { ClientRequest, IncomingMessage } from 'node:http';

/** How long the bytes wait for a store that does not answer to the headers, in ms. */
const maxAskingMs = 1_000;

/** Whether the store or a proxy does not support `Expect: 100-continue` (RFC 9110, 10.1.1). */
export function refusesToBeAsked({ statusCode }: IncomingMessage): boolean {
  return statusCode === 417;
}

/**
 * Sends the headers of a request with `Expect: 100-continue`, and waits for the answer. `known`:
 * the store accepted or refused the request. `none`: no answer came, as from some stores.
 * `refused`: the same request must be sent again without Expect.
 */
export async function answerToHeaders(request: ClientRequest, stallMs: number): Promise<'known' | 'none' | 'refused'> {
  let answer: 'known' | 'none' | 'refused' = 'known';
  const { promise, resolve } = Promise.withResolvers<void>();
  const patience = setTimeout(
    () => {
      answer = 'none';
      resolve();
    },
    Math.min(maxAskingMs, stallMs / 4),
  );
  request.once('response', (response) => {
    if (refusesToBeAsked(response)) answer = 'refused';
    resolve();
  });
  for (const event of ['continue', 'close']) request.once(event, () => resolve());
  request.flushHeaders();
  await promise.finally(() => clearTimeout(patience));
  // Some servers accept the headers by themselves, and their program refuses them a moment later.
  await new Promise(setImmediate);
  return answer;
}
