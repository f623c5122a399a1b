import type { HttpClient, HttpClientOptions } from './contract.ts';
import { proxyFor } from './proxies.ts';
import { createRawClient } from './raw-client.ts';
import { expectSlowAddresses } from './slow-addresses.ts';
import { createUndiciClient } from './undici-client.ts';

export { HttpTimeout } from './contract.ts';
export { causes, connectionHint } from './connection-hint.ts';
export { proxyFor, type Proxies } from './proxies.ts';
export type { HttpClient, HttpClientOptions, Reply, RequestOptions } from './contract.ts';

/**
 * An HTTP/1.1 client that keeps its connections. It combines two clients. The raw client of this
 * program reads large plain bodies, and needs a third of undici's CPU time. Undici reads everything
 * else. Only this function chooses between them: `bulk` requests go to the raw client, unless they
 * need a proxy. If the raw client cannot read the reply, it returns undefined, and undici repeats
 * the request.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  expectSlowAddresses();
  const undiciClient = createUndiciClient(options);
  const rawClient = createRawClient(options.connections);
  return {
    request: async (url, request) => {
      const isRaw = request.bulk && !proxyFor(url, options.proxies);
      return (isRaw ? await rawClient.request(url, request) : undefined) ?? undiciClient.request(url, request);
    },
    close: async () => void (await Promise.all([undiciClient.close(), rawClient.close()])),
  };
}
