import type { Socket } from 'node:net';
import { HttpTimeout } from './contract.ts';
import { isPlain, parseHead, type Head } from './head.ts';
import { BodyQueue, type Supply } from './body-queue.ts';
import type { Slabs } from './slabs.ts';
import { openSocket } from './socket.ts';

/** The scratch buffer has room for a head and a small file, so a small file needs no slab. */
const scratchBytes = 64 * 1024;

/** The server closed the idle connection before the request reached it. A repetition is safe. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

export interface ConnectionOwner {
  readonly slabs: Slabs;
  /** Called when the whole reply has arrived and the connection is free again. */
  idle(connection: Connection): void;
  /** Called when the connection cannot be used again. */
  closed(connection: Connection): void;
}

export interface Answer {
  readonly head: Head;
  readonly body: BodyQueue;
}

interface Exchange {
  readonly answer: PromiseWithResolvers<Answer | undefined>;
  readonly hasBody: boolean;
  readonly body: BodyQueue;
  wasHeard: boolean;
  inBody: boolean;
}

/**
 * One connection, with one request at a time. The system reads straight into our memory (`onread`).
 * Node's streams would make a Buffer and an event for every 16 KB that TLS decrypts. That would
 * cost more than the decryption. A byte goes this way:
 *
 *   socket → scratch (the head and the bytes after it) → slab → queue → taker
 *   → slab back to the pool
 *
 * While the taker has one slab, a second slab fills. When the second slab is full, the socket
 * pauses. TLS still delivers the bytes that it has decrypted by then, and they begin a third slab.
 * So a connection uses 64 KiB, and at most 3 slabs more while it reads a large body.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  #exchange: Exchange | undefined;
  #slab: Buffer | undefined;
  /**
   * The offset of the next new byte: in the slab during a body, otherwise in the scratch buffer.
   */
  #fill = 0;
  /** The offset of the first byte in the slab that was not handed on yet. */
  #start = 0;
  #leftBytes = 0;
  #isReusable = true;
  #wasUsed = false;
  #isPaused = false;
  #quiet: Promise<void> | undefined;

  constructor(origin: URL, session: Buffer | undefined, onSession: (session: Buffer) => void, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#socket = openSocket(origin, session, {
      buffer: () => this.#room(),
      callback: (bytes) => this.#received(bytes),
    });
    this.#socket.on('session', onSession);
    let failure: Error | undefined;
    this.#socket.on('error', (error) => (failure = error));
    this.#socket.on('end', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#ended(failure ?? new Error('the connection was closed')));
  }

  /** Whether the connection is idle and can take a request. */
  get isUsable(): boolean {
    return !this.#exchange && this.#isReusable && !this.#socket.destroyed;
  }

  /**
   * Sends a request and resolves with the head of the reply. Resolves with undefined if only undici
   * can read the reply. Errors: network errors, HttpTimeout, StaleConnection.
   */
  async ask(request: {
    readonly text: string;
    readonly hasBody: boolean;
    readonly stallMs: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<Answer | undefined> {
    const { text, hasBody, stallMs, signal } = request;
    await this.#quiet;
    if (signal?.aborted) {
      this.#owner.idle(this);
      throw signal.reason;
    }
    if (!this.isUsable) throw new StaleConnection('the connection was closed');
    const exchange: Exchange = {
      answer: Promise.withResolvers(),
      hasBody,
      body: new BodyQueue(
        this.#supplyOf(() => exchange),
        stallMs,
      ),
      wasHeard: false,
      inBody: false,
    };
    this.#exchange = exchange;
    const abort = () => this.#abandon(exchange, signal?.reason);
    const forget = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    exchange.body.outcome.then(forget, forget);
    const stalled = setTimeout(() => this.#abandon(exchange, new HttpTimeout(`no reply within ${stallMs} ms`)), stallMs);
    this.#socket.ref().write(text, 'latin1');
    try {
      return await exchange.answer.promise;
    } catch (error) {
      forget();
      throw error;
    } finally {
      clearTimeout(stalled);
    }
  }

  /** Lets the process end although this idle connection is open. */
  rest(): void {
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * The buffer for the next bytes. It must never be full, because TLS would offer bytes to a full
   * buffer without end.
   */
  #room(): Buffer {
    if (!this.#exchange) return this.#scratch;
    if (!this.#exchange.inBody) return this.#scratch.subarray(this.#fill);
    this.#slab ??= this.#owner.slabs.take();
    return this.#slab.subarray(this.#fill);
  }

  /** Handles bytes that arrived. Returns false to pause the socket. */
  #received(bytes: number): boolean {
    const exchange = this.#exchange;
    // Bytes on an idle connection belong to no request, and must not begin the next reply.
    if (!exchange) return this.#drop();
    exchange.wasHeard = true;
    exchange.body.heard(bytes);
    this.#fill += bytes;
    return exchange.inBody ? this.#readBody(exchange, bytes) : this.#readHead(exchange, bytes);
  }

  #readHead(exchange: Exchange, bytes: number): boolean {
    const heard = this.#scratch.subarray(0, this.#fill);
    let start = 0;
    let end = heard.indexOf('\r\n\r\n', Math.max(0, this.#fill - bytes - 3), 'latin1');
    for (; end >= 0; end = heard.indexOf('\r\n\r\n', start, 'latin1')) {
      const head = parseHead(heard.toString('latin1', start, end));
      start = end + 4;
      // Interim replies such as 100 and 103 come before the final reply. We never ask for a 101.
      if (!head || head.status === 101) return this.#decline(exchange);
      if (head.status >= 200) return this.#begin(exchange, head, start);
    }
    if (start === 0 && this.#fill === scratchBytes) return this.#decline(exchange);
    heard.copyWithin(0, start);
    this.#fill -= start;
    return true;
  }

  #begin(exchange: Exchange, head: Head, at: number): boolean {
    const hasBody = exchange.hasBody && head.status !== 204 && head.status !== 304;
    const answer = { head, body: exchange.body };
    if (hasBody && !isPlain(head)) {
      if (head.status < 300) return this.#decline(exchange);
      // This body has no known end. It is not read, because nobody needs the body of an error.
      exchange.body.finish();
      exchange.answer.resolve(answer);
      return this.#drop();
    }
    this.#isReusable = head.keepsAlive;
    this.#leftBytes = hasBody ? (head.lengthBytes ?? 0) : 0;
    const body = this.#scratch.subarray(at, at + this.#count(this.#fill - at));
    exchange.answer.resolve(answer);
    if (this.#leftBytes === 0) {
      if (body.length > 0) exchange.body.push(Buffer.from(body));
      return this.#finish(exchange);
    }
    exchange.inBody = true;
    this.#slab = this.#owner.slabs.take();
    this.#slab.set(body);
    this.#start = 0;
    this.#fill = body.length;
    return true;
  }

  #readBody(exchange: Exchange, bytes: number): boolean {
    const slab = this.#slab!;
    this.#fill += this.#count(bytes) - bytes;
    if (this.#leftBytes > 0 && this.#fill < slab.length) return true;
    const chunk = slab.subarray(this.#start, this.#fill);
    this.#slab = undefined;
    this.#start = 0;
    this.#fill = 0;
    this.#isPaused = !exchange.body.push(chunk, () => this.#owner.slabs.giveBack(slab));
    return this.#leftBytes === 0 ? this.#finish(exchange) : !this.#isPaused;
  }

  /**
   * How many of the new bytes belong to the body. If further bytes follow the body, the connection
   * is not used again.
   */
  #count(bytes: number): number {
    if (bytes > this.#leftBytes) this.#isReusable = false;
    const own = Math.min(bytes, this.#leftBytes);
    this.#leftBytes -= own;
    return own;
  }

  /**
   * Ends a reply. `#quiet` delays the next request by a moment, so that late bytes of this reply
   * are not taken for the next reply.
   */
  #finish(exchange: Exchange): boolean {
    this.#exchange = undefined;
    this.#slab = undefined;
    this.#fill = 0;
    // TLS delivers decrypted bytes even to a paused socket, so a body may end during a pause.
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
    exchange.body.finish();
    if (!this.#isReusable) return this.#drop();
    this.#wasUsed = true;
    this.#quiet = new Promise((resolve) => setImmediate(resolve));
    this.#owner.idle(this);
    return true;
  }

  #decline(exchange: Exchange): boolean {
    exchange.answer.resolve(undefined);
    exchange.body.finish();
    return this.#drop();
  }

  #drop(): boolean {
    this.#isReusable = false;
    this.#exchange = undefined;
    this.#socket.destroy();
    return false;
  }

  #abandon(exchange: Exchange, error: unknown): void {
    exchange.answer.reject(error);
    exchange.body.abandon(error);
  }

  /**
   * Called when the socket has closed. Hands on the bytes that have arrived, so that the next
   * attempt continues after them.
   */
  #ended(error: Error): void {
    const exchange = this.#exchange;
    this.#drop();
    this.#owner.closed(this);
    if (!exchange) return;
    if (this.#slab && this.#fill > this.#start) exchange.body.push(this.#slab.subarray(this.#start, this.#fill));
    exchange.body.finish({ error });
    const unheard = this.#wasUsed && !exchange.wasHeard;
    exchange.answer.reject(unheard ? new StaleConnection(error.message, { cause: error }) : error);
  }

  #supplyOf(exchange: () => Exchange): Supply {
    const current = () => this.#exchange === exchange();
    return {
      leftBytes: () => (current() ? this.#leftBytes : 0),
      // Copies the bytes, because the slab will get more bytes. A body is flushed only a few times
      // a second, so the copies cost little.
      flush: () => {
        if (!current() || !this.#slab || this.#fill === this.#start) return;
        const chunk = Buffer.from(this.#slab.subarray(this.#start, this.#fill));
        this.#start = this.#fill;
        exchange().body.push(chunk);
      },
      resume: () => {
        if (!current() || !this.#isPaused) return;
        this.#isPaused = false;
        this.#socket.resume();
      },
      stop: () => {
        if (current()) this.#drop();
      },
    };
  }
}
