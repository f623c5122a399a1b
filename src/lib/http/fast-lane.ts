import type { Reply, RequestOptions } from './contract.ts';
import { Connection, StaleConnection, type ConnectionOwner } from './connection.ts';
import { requestText } from './head.ts';
import { createSlabs } from './slabs.ts';

/** Servers close idle connections, often after 5 s; a request must not cross that on the wire. */
const idleMs = 4_000;

export interface FastLane {
  /** undefined: the reply needs the ordinary lane, and this one has hung up. Otherwise as HttpClient. */
  request(url: URL, options: RequestOptions): Promise<Reply | undefined>;
  close(): Promise<void>;
}

/** Requests for large plain bodies, see Connection. */
export function createFastLane(connections: number): FastLane {
  // While bodies stream, each connection has one slab with its taker and one that fills: that many are worth keeping.
  const slabs = createSlabs(2 * connections);
  const origins = new Map<string, Origin>();
  let isClosed = false;
  const originOf = (url: URL): Origin => {
    const known = origins.get(url.origin);
    if (known) return known;
    if (isClosed) throw new Error('the client was closed');
    const fresh = createOrigin(new URL(url.origin), connections, slabs);
    origins.set(url.origin, fresh);
    return fresh;
  };
  return {
    request: async (url, { method = 'GET', headers = {}, stallMs, signal }) => {
      signal?.throwIfAborted();
      const origin = originOf(url);
      const request = { text: requestText(method, url, headers), hasBody: method !== 'HEAD', stallMs, signal };
      const answer = await ask(origin, request);
      return answer && { status: answer.head.status, headers: answer.head.headers, body: answer.body };
    },
    close: async () => {
      isClosed = true;
      for (const origin of origins.values()) origin.close();
    },
  };
}

/** A kept connection may have been closed by the server just now: then, and only then, the request is sent again. */
async function ask(origin: Origin, request: Parameters<Connection['ask']>[0]): ReturnType<Connection['ask']> {
  const connection = await origin.connection(request.signal);
  try {
    return await connection.ask(request);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    const fresh = await origin.connection(request.signal, { fresh: true });
    return fresh.ask(request);
  }
}

/** The connections to one origin. */
interface Origin {
  connection(signal: AbortSignal | undefined, options?: { readonly fresh?: boolean }): Promise<Connection>;
  close(): void;
}

function createOrigin(url: URL, most: number, slabs: ConnectionOwner['slabs']): Origin {
  let isClosed = false;
  const open = new Set<Connection>();
  const idle = new Map<Connection, NodeJS.Timeout>();
  const waiting = new Set<() => void>();
  let session: Buffer | undefined;

  function serveNext(): void {
    const [first] = waiting;
    if (first) waiting.delete(first);
    first?.();
  }

  function forget(connection: Connection): void {
    clearTimeout(idle.get(connection));
    idle.delete(connection);
  }

  const owner: ConnectionOwner = {
    slabs,
    idle: (connection) => {
      connection.rest();
      idle.set(connection, setTimeout(() => connection.destroy(), idleMs).unref());
      serveNext();
    },
    closed: (connection) => {
      forget(connection);
      if (open.delete(connection)) serveNext();
    },
  };

  /** The one used last, which is the least likely to be closed by now. */
  function take(fresh: boolean): Connection | undefined {
    for (const connection of [...idle.keys()].toReversed()) {
      if (fresh && open.size < most) break;
      forget(connection);
      if (!fresh && connection.isUsable) return connection;
      open.delete(connection);
      connection.destroy();
    }
    if (open.size >= most) return undefined;
    const connection = new Connection(url, session, (next) => (session = next), owner);
    open.add(connection);
    return connection;
  }

  return {
    connection: async (signal, { fresh = false } = {}) => {
      for (;;) {
        signal?.throwIfAborted();
        if (isClosed) throw new Error('the client was closed');
        const connection = take(fresh);
        if (connection) return connection;
        await turn(waiting, signal);
        if (!signal?.aborted) continue;
        serveNext(); // what it was called for is for the next in line
        throw signal.reason;
      }
    },
    close: () => {
      isClosed = true;
      for (const connection of open) connection.destroy();
      while (waiting.size > 0) serveNext();
    },
  };
}

/** Waits in line until a connection may be free. */
async function turn(waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => {
    waiting.delete(resolve);
    reject(signal?.reason);
  };
  waiting.add(resolve);
  signal?.addEventListener('abort', leave, { once: true });
  await promise.finally(() => signal?.removeEventListener('abort', leave));
}
