// Only these of undici's modules: with all that its index brings along (fetch, caches, WebSocket) a process is 13 MB larger and starts 60 ms later.
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import { HttpTimeout, type HttpClient, type HttpClientOptions, type Reply, type RequestOptions } from './contract.ts';
import { Inbox } from './inbox.ts';

/** The lane that can do everything: chunked replies, proxies, whatever undici knows. */
export function createOrdinaryLane(options: HttpClientOptions): HttpClient {
  // Stalls are timed here, because undici's own body timer also runs while we make the sender wait.
  const agentOptions = {
    connections: options.connections,
    pipelining: 1,
    // Of HTTP/2 an abort ends one stream only: a connection that went silent would be asked again and again.
    allowH2: false,
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

async function send(agent: Dispatcher, url: URL, { method = 'GET', headers, stallMs, signal }: RequestOptions): Promise<Reply> {
  signal?.throwIfAborted();
  const { answer, body, giveUp, handler } = createReceiver(stallMs);
  const abort = () => giveUp(signal?.reason);
  const forget = () => signal?.removeEventListener('abort', abort);
  signal?.addEventListener('abort', abort);
  body.outcome.then(forget, forget);
  const stalled = setTimeout(() => giveUp(new HttpTimeout(`no reply within ${stallMs} ms`)), stallMs);
  try {
    agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers: { ...headers } }, handler);
    return await answer;
  } finally {
    clearTimeout(stalled);
  }
}

interface Receiver {
  readonly answer: Promise<Reply>;
  readonly body: Inbox;
  readonly giveUp: (error: unknown) => void;
  readonly handler: Dispatcher.DispatchHandler;
}

/**
 * Takes one reply from undici. Its own handler would make a stream of the body and a promise of each chunk; here it goes into the same inbox as in the
 * fast lane.
 */
function createReceiver(stallMs: number): Receiver {
  const answer = Promise.withResolvers<Reply>();
  let controller: Dispatcher.DispatchController | undefined;
  let isStopped = false;
  /** Of the body; not known before the head, nor of a body in chunks. */
  let leftBytes = Number.POSITIVE_INFINITY;
  const stop = () => {
    isStopped = true;
    controller?.abort(new Error('nothing more is wanted'));
  };
  const body = new Inbox({ leftBytes: () => leftBytes, flush: () => {}, resume: () => controller?.resume(), stop }, stallMs);
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started;
      if (isStopped) stop();
    },
    onResponseStart: (_, status, fields) => {
      // 100, 103 and their kin announce the reply proper.
      if (status < 200) return;
      const headers = joinHeaders(fields);
      leftBytes = Number(headers['content-length'] ?? leftBytes);
      answer.resolve({ status, headers, body });
    },
    onResponseData: (_, chunk) => {
      // What undici says when it goes on after a pause: no byte, so no sign of life either.
      if (chunk.length === 0) return;
      leftBytes -= chunk.length;
      body.heard();
      if (!body.push(chunk)) controller?.pause();
    },
    onResponseEnd: () => {
      leftBytes = 0;
      body.finish();
    },
    onResponseError: (_, error) => {
      answer.reject(error);
      body.finish({ error });
      // A proxy's refusal is told as an error while its page is still to come.
      stop();
    },
  };
  const giveUp = (error: unknown) => {
    answer.reject(error);
    body.abandon(error);
  };
  return { answer: answer.promise, body, giveUp, handler };
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
