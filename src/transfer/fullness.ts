/** With less free space than this nothing more is archived, so that the bookkeeping still fits. */
const minFreeBytes = 16 * 1024 * 1024;
/** If there is no space for a file of at most this size, there is none for any file. */
const smallBytes = 1024 * 1024;
/** If the store refuses this many files in a row, there is no space for any file. */
const maxRefusedInRow = 10;
/** If the store has refused this many files, the smallest files come first. */
const minRefusedWhenTight = 3;

/** What is known when a file found no space. */
export interface Refused {
  /** The size of the file. Null if it is unknown. */
  readonly sizeBytes: number | null;
  /** The free space, which may be reserved for other files. Null if it is unknown. */
  readonly freeBytes: number | null;
  /** True if bytes of the file were written. Then the store itself said that there is no space. */
  readonly isBegun: boolean;
}

/** Decides whether a destination that has no space for one file has space for any file. */
export interface Fullness {
  /** Whether a file that needs `missingBytes` fits if no space is reserved for other files. */
  fitsAlone(missingBytes: number, freeBytes: number | null): boolean;
  countStored(): void;
  /** Counts a file that found no space. Returns true if no other file can find space either. */
  countRefused(refused: Refused): boolean;
  /** Whether small files come first from now on, because they may fit where large files do not. */
  isTight(): boolean;
  /**
   * Call it when all files were tried. True if nothing was stored since the first file found no
   * space, although at least two other files were tried.
   */
  isFull(): boolean;
}

export function createFullness(): Fullness {
  let refusals = 0;
  let storedSince = 0;
  let refusedInRow = 0;
  let refusedByStore = 0;
  return {
    fitsAlone: (missingBytes, freeBytes) => freeBytes !== null && freeBytes >= Math.max(missingBytes, minFreeBytes),
    countStored: () => {
      refusedInRow = 0;
      if (refusals > 0) storedSince += 1;
    },
    countRefused: ({ sizeBytes, freeBytes, isBegun }) => {
      refusals += 1;
      if (freeBytes !== null && freeBytes < minFreeBytes) return true;
      // A small file may be refused because the free space is reserved for files in transfer.
      const isStoresWord = isBegun || freeBytes === null;
      if (!isStoresWord) return false;
      refusedInRow += 1;
      refusedByStore += 1;
      return refusedInRow >= maxRefusedInRow || (sizeBytes !== null && sizeBytes <= smallBytes);
    },
    isTight: () => refusedByStore >= minRefusedWhenTight,
    isFull: () => refusals > 2 && storedSince === 0,
  };
}
