import type { BeginMd5, Md5 } from './md5.ts';
import { decodeText, encodeText, unknownDigests } from './text.ts';

/** Which digests of a run of bytes are wanted. */
export interface WantedDigests {
  /** In bytes. 0: the whole file is one part. */
  readonly partSizes: readonly number[];
  /** The offset of the first byte in the file. */
  readonly offset: number;
  /**
   * The text that `end` returned for the bytes before. Absent if every part size has a border at
   * `offset`.
   */
  readonly before?: string;
}

/**
 * The digests of the parts of a file, for several part sizes at once. Parts that begin at the same
 * byte share one MD5, so the candidates for an unknown part size cost less than an MD5 each.
 */
export class PartDigests {
  readonly #begin: BeginMd5;
  readonly #finished: Map<number, string[]>;
  /** The MD5s of unfinished parts, by the offset of their first byte. */
  readonly #open = new Map<number, Md5>();
  #offset: number;
  /** Whether the bytes before are missing, so that no digest can be right. */
  readonly #isLost: boolean;

  constructor({ partSizes, offset, before }: WantedDigests, begin: BeginMd5) {
    this.#begin = begin;
    this.#offset = offset;
    this.#finished = new Map(partSizes.map((size) => [size, []]));
    this.#isLost = !this.#continue(before === undefined ? undefined : decodeText(before)?.open);
  }

  update(bytes: Uint8Array): void {
    if (this.#isLost) return;
    let done = 0;
    while (done < bytes.length) {
      const border = this.#nextBorder();
      const next = bytes.subarray(done, done + (border - this.#offset));
      for (const md5 of this.#open.values()) md5.update(next);
      this.#offset += next.length;
      done += next.length;
      if (this.#offset === border) this.#crossBorder();
    }
  }

  /**
   * Returns the digests as text. Returns `unknownDigests` if they cannot be known, because `before`
   * cannot be used, or because an unfinished part has a state that cannot be saved.
   */
  end(isLastOfFile: boolean): string {
    if (this.#isLost) return unknownDigests;
    if (isLastOfFile) {
      this.#finishLast();
      return encodeText({ finished: this.#finished, open: new Map() });
    }
    const open = new Map<number, Uint8Array>();
    for (const [start, md5] of this.#open) {
      if (start === this.#offset) continue;
      const state = md5.state();
      if (!state) return unknownDigests;
      open.set(start, state);
    }
    return encodeText({ finished: this.#finished, open });
  }

  /** Opens all parts at the first byte. Returns false if the state of one of them is missing. */
  #continue(states: ReadonlyMap<number, Uint8Array> | undefined): boolean {
    for (const start of this.#starts()) {
      const state = states?.get(start);
      if (start !== this.#offset && !state) return false;
      try {
        this.#open.set(start, this.#begin(start === this.#offset ? undefined : state));
      } catch {
        return false; // another version of the library saved this state
      }
    }
    return true;
  }

  /** The offsets at which the parts of all sizes begin that the next byte belongs to. */
  #starts(): Set<number> {
    return new Set([...this.#finished.keys()].map((size) => this.#startOf(size)));
  }

  #startOf(partSize: number): number {
    return partSize === 0 ? 0 : this.#offset - (this.#offset % partSize);
  }

  #nextBorder(): number {
    let border = Number.POSITIVE_INFINITY;
    for (const size of this.#finished.keys()) if (size > 0) border = Math.min(border, this.#startOf(size) + size);
    return border;
  }

  #crossBorder(): void {
    for (const [size, hexes] of this.#finished) {
      if (size > 0 && this.#offset % size === 0) hexes.push(this.#open.get(this.#offset - size)!.hex());
    }
    const starts = this.#starts();
    for (const start of this.#open.keys()) if (!starts.has(start)) this.#open.delete(start);
    if (starts.has(this.#offset)) this.#open.set(this.#offset, this.#begin());
  }

  #finishLast(): void {
    for (const [size, hexes] of this.#finished) {
      const start = this.#startOf(size);
      // Only an empty file has an empty part.
      if (start < this.#offset || this.#offset === 0) hexes.push(this.#open.get(start)!.hex());
    }
  }
}
