import type { Reply, RequestOptions } from './contract.ts';
import { StaleConnection, type Connection } from './connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { requestText } from './head.ts';
import { createSlabs } from './slabs.ts';

export interface RawClient {
  /**
   * Works like `HttpClient.request`, but resolves with undefined if only undici can read the reply.
   */
  request(url: URL, options: RequestOptions): Promise<Reply | undefined>;
  close(): Promise<void>;
}

/**
 * Makes the client for large plain bodies. It uses the program's own connections; see `Connection`.
 */
export function createRawClient(connections: number): RawClient {
  // While a body arrives, its connection needs two slabs: one that the taker has, and one that
  // fills.
  const slabs = createSlabs(2 * connections);
  const pools = new Map<string, ConnectionPool>();
  let isClosed = false;
  const poolFor = (url: URL): ConnectionPool => {
    const known = pools.get(url.origin);
    if (known) return known;
    if (isClosed) throw new Error('the client was closed');
    const fresh = new ConnectionPool(new URL(url.origin), connections, slabs);
    pools.set(url.origin, fresh);
    return fresh;
  };
  return {
    request: async (url, { method = 'GET', headers = {}, stallMs, newConnection, signal }) => {
      signal?.throwIfAborted();
      const pool = poolFor(url);
      const request = { text: requestText(method, url, headers), hasBody: method !== 'HEAD', stallMs, signal };
      const answer = await ask(pool, request, newConnection);
      return answer && { status: answer.head.status, headers: answer.head.headers, body: answer.body };
    },
    close: async () => {
      isClosed = true;
      for (const pool of pools.values()) pool.close();
    },
  };
}

/**
 * Sends a request. Sends it again only if the server closed the idle connection without reading the
 * request.
 */
async function ask(
  pool: ConnectionPool,
  request: Parameters<Connection['ask']>[0],
  fresh = false,
): ReturnType<Connection['ask']> {
  const connection = await pool.acquire(request.signal, { fresh });
  try {
    return await connection.ask(request);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    const fresh = await pool.acquire(request.signal, { fresh: true });
    return fresh.ask(request);
  }
}
