import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Answer, Message } from './messages.ts';

/** A thread that computes digests. */
export class DigestThread {
  // In a package and in a bundle, the file of the thread has the same ending as this file. The
  // thread ignores Node's options of the process, because some are not allowed in a thread.
  readonly #thread = new Worker(new URL(`./thread${extname(import.meta.url)}`, import.meta.url), { execArgv: [] });
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  #hasAnswered = false;
  #isClosing = false;
  #end: Error | undefined;
  /** The number of digests that this thread computes. */
  load = 0;

  constructor() {
    this.#thread.on('message', (answer: Answer) => this.#answered(answer));
    this.#thread.on('error', (cause) => this.#ended(new Error('the thread that computes digests failed', { cause })));
    this.#thread.on('exit', () => this.#ended(new Error('the thread that computes digests ended')));
    this.#thread.unref();
  }

  /** Whether bytes come faster than the thread reads them. False while the thread starts. */
  get isBehind(): boolean {
    return this.#hasAnswered && this.#waiting.length > 2;
  }

  get isDead(): boolean {
    return this.#end !== undefined;
  }

  /** Sends a message. Resolves with the answer. Rejects if the thread ends. */
  async send(message: Message, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#end) throw this.#end;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    this.#thread.ref();
    this.#thread.postMessage(message, transfer);
    return waiting.promise;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#thread.terminate();
  }

  #answered(answer: Answer): void {
    this.#hasAnswered = true;
    this.#waiting.shift()?.resolve(answer);
    // The thread keeps the process alive only while somebody waits for an answer or for its end.
    if (this.#waiting.length === 0 && !this.#isClosing) this.#thread.unref();
  }

  #ended(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}
