// An import of undici's index would cost each process 13 MB and 60 ms, so only single files are
// imported.
import type { Dispatcher } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import DispatcherBase from 'undici/lib/dispatcher/dispatcher.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
import { BodyQueue } from './body-queue.ts';
import { HttpTimeout, type HttpClient, type HttpClientOptions, type Reply, type RequestOptions } from './contract.ts';
import { proxyFor } from './proxies.ts';

// A ProxyAgent opens its tunnels with this method, which otherwise only undici's index adds.
Object.assign(DispatcherBase.prototype, { connect });

/**
 * Makes the client for all replies that undici can read, such as chunked ones. It can use proxies.
 */
export function createUndiciClient(options: HttpClientOptions): HttpClient {
  // Our own timers detect a stall. The timer of undici would also run while we make the sender
  // wait.
  const agentOptions = {
    connections: options.connections,
    pipelining: 1,
    // With HTTP/2 an abort would end only one stream. Then a silent connection would be used again
    // and again.
    allowH2: false,
    bodyTimeout: 0,
    headersTimeout: 0,
    connectTimeout: 30_000,
    // Undici would offer a TLS session again after the server reset a connection because of it.
    connect: { maxCachedSessions: 0 },
  };
  const agents = new Map<string, Dispatcher>();
  const open = new Set<Dispatcher>();
  const openAgent = (proxy: string): Dispatcher => {
    const agent = proxy === '' ? new Agent(agentOptions) : new ProxyAgent({ ...agentOptions, uri: proxy });
    open.add(agent);
    return agent;
  };
  const agentFor = (proxy: string): Dispatcher => {
    const agent = agents.get(proxy) ?? openAgent(proxy);
    agents.set(proxy, agent);
    return agent;
  };
  /** Sends the only request of an agent, because a new agent has no connection yet. */
  const sendAlone = async (proxy: string, url: URL, request: RequestOptions): Promise<Reply> => {
    const agent = openAgent(proxy);
    const end = () => {
      open.delete(agent);
      void agent.destroy();
    };
    return send(agent, url, request, end);
  };
  return {
    request: async (url, request) => {
      const proxy = proxyFor(url, options.proxies)?.href ?? '';
      return request.newConnection ? sendAlone(proxy, url, request) : send(agentFor(proxy), url, request);
    },
    close: async () => void (await Promise.all([...open].map(async (agent) => agent.destroy()))),
  };
}

/** Sends a request. Calls `ended` when the reply has ended. */
async function send(agent: Dispatcher, url: URL, request: RequestOptions, ended?: () => void): Promise<Reply> {
  const { method = 'GET', headers, stallMs, signal } = request;
  signal?.throwIfAborted();
  const receiver = new Receiver(stallMs);
  const abort = () => receiver.giveUp(signal?.reason);
  const forget = () => {
    signal?.removeEventListener('abort', abort);
    ended?.();
  };
  signal?.addEventListener('abort', abort);
  receiver.body.outcome.then(forget, forget);
  const stalled = setTimeout(() => receiver.giveUp(new HttpTimeout(`no reply within ${stallMs} ms`)), stallMs);
  try {
    agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers: { ...headers } }, receiver);
    return await receiver.reply;
  } finally {
    clearTimeout(stalled);
  }
}

/**
 * Passes one reply from undici to the queue that the raw client also uses. Undici's own handler
 * would make a stream of the body and a promise for each chunk.
 */
class Receiver implements Dispatcher.DispatchHandler {
  readonly body: BodyQueue;
  readonly #reply = Promise.withResolvers<Reply>();
  #controller: Dispatcher.DispatchController | undefined;
  #isStopped = false;
  /** How many bytes of the body are missing. Infinite before the head, and for a chunked body. */
  #leftBytes = Number.POSITIVE_INFINITY;

  constructor(stallMs: number) {
    const supply = {
      leftBytes: () => this.#leftBytes,
      flush: () => {},
      resume: () => this.#controller?.resume(),
      stop: () => this.#stop(),
    };
    this.body = new BodyQueue(supply, stallMs);
  }

  get reply(): Promise<Reply> {
    return this.#reply.promise;
  }

  giveUp(error: unknown): void {
    this.#reply.reject(error);
    this.body.abandon(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isStopped) this.#stop();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, fields: HeaderFields): void {
    // Interim replies such as 100 and 103 come before the final reply.
    if (status < 200) return;
    const headers = joinHeaders(fields);
    this.#leftBytes = Number(headers['content-length'] ?? this.#leftBytes);
    this.#reply.resolve({ status, headers, body: this.body });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    // Undici passes on an empty chunk when it continues after a pause. That does not mean that the
    // sender has sent bytes.
    if (chunk.length === 0) return;
    this.#leftBytes -= chunk.length;
    this.body.heard(chunk.length);
    if (!this.body.push(chunk)) this.#controller?.pause();
  }

  onResponseEnd(): void {
    this.#leftBytes = 0;
    this.body.finish();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reply.reject(error);
    this.body.finish({ error });
    // If a proxy refuses, undici reports the error while the connection is still open, because the
    // proxy's page has not arrived yet. So we close the connection here.
    this.#stop();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#controller?.abort(new Error('nothing more is wanted'));
  }
}

type HeaderFields = Readonly<Record<string, string | string[] | undefined>>;

function joinHeaders(headers: HeaderFields): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
