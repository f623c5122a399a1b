import { HttpTimeout, type Body, type TakeChunk } from './contract.ts';

/** The connection that delivers the chunks of one body. */
export interface Supply {
  /** The number of bytes of the body that have not arrived yet. */
  leftBytes(): number;
  /** Hands on the bytes that have arrived, even if they do not fill a chunk. */
  flush(): void;
  /** Called when the taker is ready for the next chunk. */
  resume(): void;
  /** Called when the taker wants no more bytes. */
  stop(): void;
}

/** How often a body is checked for silence, and how often a chunk that is not full is handed on. */
const tickMs = 250;
/**
 * The floor for the speed of a body. A sender that drips below it counts as silent. The slowest
 * line on which an archive makes sense is far above it, even if several replies share the line.
 */
const minBytesPerMs = (64 * 1024) / 60_000;
/** If at most this many bytes remain, reading them is cheaper than opening another connection. */
const drainBytes = 64 * 1024;

/**
 * The queue between the connection that delivers a body and the taker of the body. While the taker
 * has one chunk, the next one arrives. `push` returns false if a chunk has to wait. Then the
 * connection pauses.
 */
export class BodyQueue implements Body {
  readonly #supply: Supply;
  readonly #stallMs: number;
  readonly #outcome = Promise.withResolvers<void>();
  readonly #waiting: { readonly chunk: Uint8Array; readonly giveBack: () => void }[] = [];
  #take: TakeChunk | undefined;
  #busy = false;
  /**
   * Set when no more chunks come. It contains the error that ended the body, if there was an error.
   */
  #end: { readonly error?: unknown } | undefined;
  #silentMs = 0;
  /** The bytes that arrived in the current window, and how long the taker has been ready in it. */
  #windowBytes = 0;
  #windowMs = 0;

  constructor(supply: Supply, stallMs: number) {
    this.#supply = supply;
    this.#stallMs = stallMs;
    this.#outcome.promise.catch(() => {}); // `pump` reports the error
  }

  /** Settles when the body has ended or was abandoned. */
  get outcome(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Records that some bytes have arrived, although they may not fill a chunk. */
  heard(bytes: number): void {
    this.#silentMs = 0;
    this.#windowBytes += bytes;
  }

  /**
   * Adds a chunk. Calls `giveBack` when the taker is done with it, unless the body is abandoned.
   */
  push(chunk: Uint8Array, giveBack: () => void = () => {}): boolean {
    this.#waiting.push({ chunk, giveBack });
    this.#deliver();
    return this.#waiting.length === 0;
  }

  /**
   * Ends the body after the chunks in the queue. The taker gets those chunks before the `error`.
   */
  finish(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.#deliver();
  }

  /** Ends the body immediately, and drops the chunks in the queue. */
  abandon(error: unknown): void {
    this.#outcome.reject(error);
    this.#waiting.length = 0;
    this.#take = undefined;
    this.#supply.stop();
  }

  async pump(take: TakeChunk): Promise<void> {
    this.#take = take;
    const watch = this.#end ? undefined : setInterval(() => this.#tick(), Math.min(tickMs, this.#stallMs));
    this.#deliver();
    try {
      await this.#outcome.promise;
    } finally {
      clearInterval(watch);
    }
  }

  discard(): void {
    if (this.#supply.leftBytes() > drainBytes) this.abandon(new Error('the reply was discarded'));
    else this.pump(() => undefined).catch(() => {});
  }

  #tick(): void {
    if (this.#busy) return;
    this.#supply.flush();
    if (this.#silentMs >= this.#stallMs) this.abandon(new HttpTimeout(`no byte for ${this.#stallMs} ms`));
    // Silence is counted in ticks. A process that is too busy to read makes no ticks, so its own
    // delay does not count as silence.
    this.#silentMs += tickMs;
    this.#windowMs += tickMs;
    if (this.#windowMs >= 2 * this.#stallMs) this.#judgeWindow();
  }

  /** Abandons a body that drips, and begins the next window. */
  #judgeWindow(): void {
    const bytes = this.#windowBytes;
    if (bytes < this.#windowMs * minBytesPerMs) this.abandon(new HttpTimeout(`only ${bytes} bytes in ${this.#windowMs} ms`));
    this.#windowBytes = 0;
    this.#windowMs = 0;
  }

  #deliver(): void {
    while (this.#take && !this.#busy) {
      const next = this.#waiting.shift();
      if (!next) break;
      try {
        const ready = this.#take(next.chunk);
        if (ready) this.#awaitTaker(ready, next.giveBack);
        else next.giveBack();
      } catch (error) {
        this.abandon(error);
      }
    }
    if (this.#waiting.length > 0) return;
    if (!this.#end) this.#supply.resume();
    else if ('error' in this.#end && !this.#busy) this.#outcome.reject(this.#end.error);
    else if (!this.#busy) this.#outcome.resolve();
  }

  #awaitTaker(ready: Promise<void>, giveBack: () => void): void {
    this.#busy = true;
    ready.then(
      () => {
        this.#busy = false;
        this.#silentMs = 0;
        giveBack();
        this.#deliver();
      },
      (error: unknown) => this.abandon(error),
    );
  }
}
