import { Connection, type ConnectionOwner } from './connection.ts';
import type { Slabs } from './slabs.ts';

/**
 * Servers close idle connections, often after 5 s. The pool closes an idle connection earlier, so
 * that no server closes it while a request is on its way.
 */
const idleMs = 4_000;

/** The connections to one origin, at most `maxOpen` of them. */
export class ConnectionPool implements ConnectionOwner {
  readonly slabs: Slabs;
  readonly #origin: URL;
  readonly #maxOpen: number;
  readonly #open = new Set<Connection>();
  readonly #idle = new Map<Connection, NodeJS.Timeout>();
  readonly #waiting = new Set<() => void>();
  /**
   * The session of an earlier TLS handshake. It makes the next handshake shorter. It is forgotten
   * if a connection closes during a request, because the server may refuse the session.
   */
  #session: Buffer | undefined;
  #isClosed = false;

  constructor(origin: URL, maxOpen: number, slabs: Slabs) {
    this.#origin = origin;
    this.#maxOpen = maxOpen;
    this.slabs = slabs;
  }

  /**
   * Waits in line for a connection for one request. With `fresh` it opens a new connection, for
   * example because the server may have closed the old ones.
   */
  async acquire(signal: AbortSignal | undefined, { fresh = false } = {}): Promise<Connection> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#isClosed) throw new Error('the client was closed');
      const connection = this.#take(fresh);
      if (connection) return connection;
      await waitInLine(this.#waiting, signal);
      if (!signal?.aborted) continue;
      this.#serveNext(); // this caller was aborted, so the next one gets the free connection
      throw signal.reason;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.destroy();
    while (this.#waiting.size > 0) this.#serveNext();
  }

  idle(connection: Connection): void {
    connection.rest();
    this.#idle.set(connection, setTimeout(() => connection.destroy(), idleMs).unref());
    this.#serveNext();
  }

  closed(connection: Connection): void {
    if (!this.#idle.has(connection)) this.#session = undefined;
    this.#forget(connection);
    if (this.#open.delete(connection)) this.#serveNext();
  }

  /**
   * Takes the most recently used connection, because the server is least likely to have closed that
   * one.
   */
  #take(fresh: boolean): Connection | undefined {
    for (const connection of [...this.#idle.keys()].toReversed()) {
      if (fresh && this.#open.size < this.#maxOpen) break;
      this.#forget(connection);
      if (!fresh && connection.isUsable) return connection;
      this.#open.delete(connection);
      connection.destroy();
    }
    if (this.#open.size >= this.#maxOpen) return undefined;
    const connection = new Connection(this.#origin, this.#session, (session) => (this.#session = session), this);
    this.#open.add(connection);
    return connection;
  }

  #serveNext(): void {
    const [first] = this.#waiting;
    if (first) this.#waiting.delete(first);
    first?.();
  }

  #forget(connection: Connection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
  }
}

/** Resolves when a connection may be free for this caller. */
async function waitInLine(waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => {
    waiting.delete(resolve);
    reject(signal?.reason);
  };
  waiting.add(resolve);
  signal?.addEventListener('abort', leave, { once: true });
  await promise.finally(() => signal?.removeEventListener('abort', leave));
}
