import { availableParallelism } from 'node:os';
import { DigestThread } from './digest-thread.ts';
import { beginNativeMd5 } from './md5.ts';
import { PartDigests, type WantedDigests } from './pieces.ts';

export { partDigests } from './text.ts';

/** Computes the MD5 digests of the parts of files, in threads of their own. */
export interface Digests {
  begin(options: BeginOptions): RunningDigest;
  /** Ends the threads. Digests that are running are lost. */
  close(): Promise<void>;
}

export interface BeginOptions extends WantedDigests {
  /**
   * Whether `end` returns the state of parts that are not finished. Such digests take half as much
   * time again.
   */
  readonly savesState: boolean;
}

export interface RunningDigest {
  /**
   * Takes the next bytes. The caller must not overwrite them before the promise resolves. Shared
   * memory is not copied. Rejects if the thread dies.
   */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /**
   * Ends the digests and returns them as text for `partDigests`, and for `before` of the bytes that
   * follow. The text is empty if the digests cannot be known: `before` is unusable, or a part is
   * not finished and its state is not saved. Rejects if the thread dies.
   */
  end(isLastOfFile: boolean): Promise<string>;
  /** Ends the digests without a result. */
  abandon(): void;
}

/** The first bytes wait until there are this many. Fewer bytes are not worth a thread. */
const minThreadBytes = 256 * 1024;

/**
 * A thread computes 600 MB/s and needs 20 MB of memory. A second thread starts only if the first
 * one is too slow. The two together are faster than a line of 8 Gbit/s.
 */
export function createDigests(maxThreads = availableParallelism() > 2 ? 2 : 1): Digests {
  let threads: DigestThread[] = [];
  let lastId = 0;
  const findThread = (): DigestThread => {
    threads = threads.filter(({ isDead }) => !isDead);
    if (threads.length < maxThreads && threads.every(({ isBehind }) => isBehind)) threads.push(new DigestThread());
    return threads.reduce((least, thread) => (thread.load < least.load ? thread : least));
  };
  return {
    begin: (options) => new Running(options, findThread, (lastId += 1)),
    close: async () => void (await Promise.all(threads.map(async (thread) => thread.close()))),
  };
}

/** A digest whose first bytes wait, so that a small file needs no thread. */
class Running implements RunningDigest {
  readonly #options: BeginOptions;
  readonly #id: number;
  readonly #findThread: () => DigestThread;
  #thread: DigestThread | undefined;
  /** Copies of bytes that no thread has got yet. */
  #held: Uint8Array<ArrayBuffer>[] = [];
  #heldBytes = 0;

  constructor(options: BeginOptions, findThread: () => DigestThread, id: number) {
    this.#options = options;
    this.#findThread = findThread;
    this.#id = id;
  }

  update(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#heldBytes + bytes.length >= minThreadBytes) return this.#send(bytes);
    this.#held.push(new Uint8Array(bytes));
    this.#heldBytes += bytes.length;
    return undefined;
  }

  async end(isLastOfFile: boolean): Promise<string> {
    const { savesState, ...wanted } = this.#options;
    if (!this.#thread && (isLastOfFile || !savesState) && wanted.before === undefined) {
      const digests = new PartDigests(wanted, beginNativeMd5);
      for (const bytes of this.#held) digests.update(bytes);
      return digests.end(isLastOfFile);
    }
    await this.#send();
    return this.#release().send({ do: 'end', id: this.#id, isLastOfFile });
  }

  abandon(): void {
    this.#held = [];
    if (!this.#thread) return;
    this.#release()
      .send({ do: 'abandon', id: this.#id })
      .catch(() => {}); // nobody needs the digests
  }

  /** Sends the bytes that were held, and then `bytes`. */
  async #send(bytes?: Uint8Array): Promise<void> {
    const copies = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    const isShared = bytes?.buffer instanceof SharedArrayBuffer;
    if (bytes && !isShared) copies.push(new Uint8Array(bytes));
    const chunks = bytes && isShared ? [...copies, bytes] : copies;
    const transfer = copies.map(({ buffer }) => buffer);
    await this.#begun().send({ do: 'update', id: this.#id, chunks }, transfer);
  }

  #begun(): DigestThread {
    if (this.#thread) return this.#thread;
    const { savesState, ...wanted } = this.#options;
    const thread = this.#findThread();
    thread.load += 1;
    thread.send({ do: 'begin', id: this.#id, wanted, savesState }).catch(() => {}); // the next message fails too
    this.#thread = thread;
    return thread;
  }

  #release(): DigestThread {
    const thread = this.#thread!;
    this.#thread = undefined;
    thread.load -= 1;
    return thread;
  }
}
