/**
 * For the unit tests of the GoPro source: an API server whose replies the test decides, and a GoPro
 * source that uses this server.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createHttpClient } from '../../src/lib/http/index.ts';
import { createGoproSource, type GoproSource, type GoproSourceOptions } from '../../src/source/gopro/index.ts';

export interface TestRequest {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** The number of the request, from 1 on. */
  readonly nth: number;
  readonly atMs: number;
}

export interface TestReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body. A value that is not a text is sent as JSON. */
  readonly body?: unknown;
}

/** Returns the reply to a request, or undefined if the function writes the response itself. */
export type Respond = (request: TestRequest, response: ServerResponse) => TestReply | undefined;

export interface TestApi extends AsyncDisposable {
  readonly origin: string;
  readonly requests: readonly TestRequest[];
  /** The paths of all requests without their queries, in the order of arrival. */
  paths(): string[];
  source(options?: Partial<GoproSourceOptions>): GoproSource;
}

export const token = 'header.key.vector.cipher-text-of-a-token.tag';

/** Starts the API server on a free port of the loopback interface. */
export async function startTestApi(respond: Respond): Promise<TestApi> {
  const requests: TestRequest[] = [];
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://api');
    const request = { url, headers: incoming.headers, nth: requests.length + 1, atMs: Date.now() };
    requests.push(request);
    const reply = respond(request, response);
    if (reply === undefined) return;
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = createHttpClient({ connections: 16 });
  return {
    origin,
    requests,
    paths: () => requests.map(({ url }) => url.pathname),
    source: (options = {}) =>
      createGoproSource({
        apiUrl: origin,
        credentials: { accessToken: token, userId: 'user-1' },
        stallMs: 2_000,
        http,
        clock: hastyClock(),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await http.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A clock on which sleeps take no real time but advance the clock. `slept` lists the sleeps. */
export function hastyClock(startMs = Date.now()): Clock & { readonly slept: number[] } {
  let nowMs = startMs;
  const slept: number[] = [];
  return {
    slept,
    now: () => nowMs,
    elapsed: () => nowMs,
    sleep: async (forMs, signal) => {
      signal?.throwIfAborted();
      slept.push(forMs);
      nowMs += forMs;
      await systemClock.sleep(0, signal);
    },
  };
}

/** A page of the listing with media of these ids. */
export function listingPage(ids: readonly string[], pages: Record<string, unknown> = {}): unknown {
  return {
    _pages: { current_page: 1, per_page: 100, total_items: ids.length, total_pages: 1, ...pages },
    _embedded: { errors: [], media: ids.map((id) => ({ id, type: 'Video', filename: `${id}.MP4`, ready_to_view: 'ready' })) },
  };
}
