// Only these of undici's modules: with all that its index brings along (fetch, caches, WebSocket) a process is 13 MB larger and starts 60 ms later.
import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import {
  HttpTimeout,
  type Body,
  type HttpClient,
  type HttpClientOptions,
  type Reply,
  type RequestOptions,
  type TakeChunk,
} from './contract.ts';

/** The lane that can do everything: chunked replies, proxies, whatever undici knows. */
export function createOrdinaryLane(options: HttpClientOptions): HttpClient {
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
    const reply = await request.call(agent, {
      origin: url.origin,
      path: url.pathname + url.search,
      method: options.method ?? 'GET',
      headers: { ...options.headers },
      signal,
    });
    return { status: reply.statusCode, headers: joinHeaders(reply.headers), body: bodyOf(reply.body, options.stallMs, signal) };
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
function bodyOf(stream: Dispatcher.ResponseData['body'], stallMs: number, signal: AbortSignal): Body {
  // Without a listener an error of a discarded body would end the process.
  stream.on('error', () => {});
  return { discard: () => void stream.destroy(), pump: async (take) => pump(stream, take, stallMs, signal) };
}

async function pump(
  stream: Dispatcher.ResponseData['body'],
  take: TakeChunk,
  stallMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: unknown) => {
    reject(error);
    stream.destroy();
  };
  let last: Promise<void> | undefined;
  /** A stream ends or breaks although it is paused: unless all is given up, the taker of the last chunk is still waited for. */
  const onceTaken = (settle: () => void) => {
    if (last && !signal.aborted) last.then(settle, reject);
    else settle();
  };
  let takerBusy = false;
  // One timer for the whole body: it asks whether anything came since it last looked, so a chunk costs no timer call.
  let silent = false;
  const watch = setInterval(() => {
    if (silent && !takerBusy) fail(new HttpTimeout(`no byte for ${stallMs} ms`));
    silent = true;
  }, stallMs);
  stream.on('error', (error) => onceTaken(() => reject(error)));
  stream.on('close', () => onceTaken(() => reject(new Error('the connection was closed'))));
  stream.on('end', () => onceTaken(resolve));
  stream.on('data', (chunk: Buffer) => {
    silent = false;
    try {
      const ready = take(chunk);
      if (!ready) return;
      last = ready;
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
