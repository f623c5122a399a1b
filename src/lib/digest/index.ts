import { DigestWorker } from './digest-worker.ts';
import { beginNativeMd5 } from './md5.ts';
import { PartDigests, type WantedDigests } from './pieces.ts';

export { partDigests } from './text.ts';

/** Computes the MD5 digests of the parts of files, in worker threads. */
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

/** Two threads compute 1 GB/s. That is more than a line of 8 Gbit/s brings. */
export function createDigests(maxWorkers = 2): Digests {
  let workers: DigestWorker[] = [];
  let lastId = 0;
  const leastBusy = (): DigestWorker => {
    workers = workers.filter(({ isDead }) => !isDead);
    if (workers.length < maxWorkers && workers.every(({ load }) => load > 0)) workers.push(new DigestWorker());
    return workers.reduce((least, worker) => (worker.load < least.load ? worker : least));
  };
  return {
    begin: (options) => new Running(options, leastBusy, (lastId += 1)),
    close: async () => void (await Promise.all(workers.map(async (worker) => worker.close()))),
  };
}

class Running implements RunningDigest {
  readonly #options: BeginOptions;
  readonly #id: number;
  readonly #findWorker: () => DigestWorker;
  #worker: DigestWorker | undefined;
  /** Copies of bytes that no thread has got yet. */
  #held: Uint8Array<ArrayBuffer>[] = [];
  #heldBytes = 0;

  constructor(options: BeginOptions, findWorker: () => DigestWorker, id: number) {
    this.#options = options;
    this.#findWorker = findWorker;
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
    if (!this.#worker && (isLastOfFile || !savesState) && wanted.before === undefined) {
      const digests = new PartDigests(wanted, beginNativeMd5);
      for (const bytes of this.#held) digests.update(bytes);
      return digests.end(isLastOfFile);
    }
    await this.#send();
    return this.#release().send({ do: 'end', id: this.#id, isLastOfFile });
  }

  abandon(): void {
    this.#held = [];
    if (!this.#worker) return;
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

  #begun(): DigestWorker {
    if (this.#worker) return this.#worker;
    const { savesState, ...wanted } = this.#options;
    const worker = this.#findWorker();
    worker.load += 1;
    worker.send({ do: 'begin', id: this.#id, wanted, savesState }).catch(() => {}); // the next message fails too
    this.#worker = worker;
    return worker;
  }

  #release(): DigestWorker {
    const worker = this.#worker!;
    this.#worker = undefined;
    worker.load -= 1;
    return worker;
  }
}
