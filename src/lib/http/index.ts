import type { HttpClient, HttpClientOptions } from './contract.ts';
import { createFastLane } from './fast-lane.ts';
import { createOrdinaryLane } from './ordinary-lane.ts';

export { HttpTimeout } from './contract.ts';
export type { HttpClient, HttpClientOptions, Reply, RequestOptions } from './contract.ts';

/**
 * An HTTP/1.1 client with keep-alive. It has two lanes: undici, which can do everything, and one of our own for large bodies, which can do
 * little but costs a third of the CPU time. Which of the two serves a request is decided here and nowhere else: the fast lane gives
 * back `undefined` for a reply that it was not made for, and the request is then made anew on the ordinary one.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const ordinary = createOrdinaryLane(options);
  const proxied = Boolean(options.proxy?.http || options.proxy?.https);
  const fast = proxied ? undefined : createFastLane(options.connections);
  return {
    request: async (url, request) =>
      (request.bulk ? await fast?.request(url, request) : undefined) ?? ordinary.request(url, request),
    close: async () => void (await Promise.all([ordinary.close(), fast?.close()])),
  };
}
