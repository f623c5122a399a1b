import { Agent, Dispatcher, EnvHttpProxyAgent } from 'undici';

/** Takes a chunk of a body; a promise makes the sender wait. */
export type TakeChunk = (chunk: Uint8Array) => Promise<void> | undefined;

/** The body of a reply. Exactly one of the two must be called, once. */
export interface Body {
  /**
   * Hands on the body as it arrives and resolves at its clean end. Rejects with the network's error, with an HttpTimeout after
   * `stallMs` of silence while the taker was ready, or with what `take` threw.
   */
  pump(take: TakeChunk): Promise<void>;
  /** Ends the reply without reading it. */
  discard(): void;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Silence after which the request is given up, in ms. */
  readonly stallMs: number;
  readonly signal?: AbortSignal;
}

/** One client for one purpose. Never follows redirects and adds no header of its own beyond HTTP's. */
export interface HttpClient {
  request(url: URL, options: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** No byte arrived for `stallMs`. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
}

export interface HttpClientOptions {
  /** Connections per host; requests beyond wait in line. */
  readonly connections: number;
  /** As in HTTP_PROXY and its kin; absent: no proxy. */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
}

/** An HTTP/1.1 client with keep-alive. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  // Stalls are timed here, because undici's own body timer also runs while we make the sender wait.
  const agentOptions = {
    connections: options.connections,
    pipelining: 1,
    bodyTimeout: 0,
    headersTimeout: 0,
    connectTimeout: 30_000,
  };
  const { http = '', https = '', no = '' } = options.proxy ?? {};
  const agent =
    http || https
      ? new EnvHttpProxyAgent({ ...agentOptions, httpProxy: http, httpsProxy: https, noProxy: no })
      : new Agent(agentOptions);
  return {
    request: async (url, request) => send(agent, url, request),
    close: async () => agent.destroy(),
  };
}

async function send(agent: Dispatcher, url: URL, options: RequestOptions): Promise<Reply> {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  const stalled = setTimeout(() => abort.abort(new HttpTimeout(`no reply within ${options.stallMs} ms`)), options.stallMs);
  try {
    const reply = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: options.method ?? 'GET',
      headers: { ...options.headers },
      signal,
    });
    return { status: reply.statusCode, headers: joinHeaders(reply.headers), body: bodyOf(reply.body, options.stallMs) };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(stalled);
  }
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

/** 'data' events rather than `for await`: a promise per 64 KiB chunk would cost more than the checksum. */
function bodyOf(stream: Dispatcher.ResponseData['body'], stallMs: number): Body {
  // Without a listener an error of a discarded body would end the process.
  stream.on('error', () => {});
  return { discard: () => void stream.destroy(), pump: async (take) => pump(stream, take, stallMs) };
}

async function pump(stream: Dispatcher.ResponseData['body'], take: TakeChunk, stallMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: unknown) => {
    reject(error);
    stream.destroy();
  };
  let takerBusy = false;
  // One timer for the whole body: it asks whether anything came since it last looked, so a chunk costs no timer call.
  let silent = false;
  const watch = setInterval(() => {
    if (silent && !takerBusy) fail(new HttpTimeout(`no byte for ${stallMs} ms`));
    silent = true;
  }, stallMs);
  stream.on('error', reject);
  stream.on('close', () => reject(new Error('the connection was closed')));
  stream.on('end', resolve);
  stream.on('data', (chunk: Buffer) => {
    silent = false;
    try {
      const ready = take(chunk);
      if (!ready) return;
      takerBusy = true;
      stream.pause();
      ready.then(() => {
        takerBusy = false;
        silent = false;
        stream.resume();
      }, fail);
    } catch (error) {
      fail(error);
    }
  });
  try {
    await promise;
  } finally {
    clearInterval(watch);
  }
}
