import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * The time that a transfer has: one invocation of a function, or no limit. Near the end of a slice
 * no new work begins. Shortly before the end the slice aborts the running work, so that everything
 * can be recorded.
 */
export interface Slice {
  /** True if this slice is the whole run. Then it sees everything that the run sees. */
  readonly isWholeRun: boolean;
  /**
   * Call it before a part begins. Throws SLICE_OVER if too little time is left. Always admits the
   * first part.
   */
  admit(): void;
  /**
   * Counts a part that no earlier slice had stored. `sizeBytes` is 0 if later slices cannot resume
   * the part.
   */
  countStored(sizeBytes: number, tookMs: number): void;
  /** Counts an original or a medium that has ended, with any result. */
  countEnded(): void;
  /**
   * Call it when a host asked to wait. Then the slice is not fruitless, even without a new byte.
   */
  excuse(): void;
  /** Whether there is too little time to begin more work. */
  isOver(): boolean;
  /** True if this slice and the slice before it made no progress. Then the open work fails. */
  isFruitless(): boolean;
  /** How many slices in a row made no progress, up to and including this one. */
  idleSlices(): number;
  /** Aborted with SLICE_OVER when the running work must end. */
  readonly signal: AbortSignal;
}

/** The slice of a process that ends only when its work is done. */
export const unlimited: Slice = {
  isWholeRun: true,
  admit: () => {},
  countStored: () => {},
  countEnded: () => {},
  excuse: () => {},
  isOver: () => false,
  isFruitless: () => false,
  idleSlices: () => 0,
  signal: new AbortController().signal,
};

export interface SliceOptions {
  /** The time in ms until the platform ends this process. */
  readonly budgetMs: number;
  /** How many slices in a row before this one made no progress. */
  readonly idleBefore: number;
  readonly clock: Clock;
}

/** The last tenth of a slice is kept for recording, but not more than this time. */
const maxKeptBackMs = 30_000;
/** The open work fails after this many slices in a row without progress. */
const maxIdleSlices = 2;

/** Begins a slice now. Its timer does not keep the process alive. */
export function createSlice({ budgetMs, idleBefore, clock }: SliceOptions): Slice {
  const keptBackMs = Math.min(maxKeptBackMs, budgetMs / 10);
  const endsAtMs = clock.elapsed() + budgetMs - keptBackMs;
  const signal = abortAfter(Math.max(0, budgetMs - keptBackMs));
  let slowestMs = 0;
  let admitted = 0;
  let hasRefused = false;
  let fruits = 0;
  let isExcused = false;

  // The slowest part so far must fit twice, because the next part may be even slower.
  const isOver = () => hasRefused || signal.aborted || endsAtMs - clock.elapsed() < 2 * slowestMs;
  const idleSlices = () => (fruits > 0 ? 0 : idleBefore + (isExcused ? 0 : 1));
  return {
    isWholeRun: false,
    admit: () => {
      hasRefused = admitted > 0 && isOver();
      if (hasRefused) throw over();
      admitted += 1;
    },
    countStored: (sizeBytes, tookMs) => {
      if (sizeBytes > 0) fruits += 1;
      slowestMs = Math.max(slowestMs, tookMs);
    },
    countEnded: () => void (fruits += 1),
    excuse: () => void (isExcused = true),
    isOver: () => admitted > 0 && isOver(),
    isFruitless: () => !isExcused && idleSlices() >= maxIdleSlices,
    idleSlices,
    signal,
  };
}

function abortAfter(delayMs: number): AbortSignal {
  const ending = new AbortController();
  setTimeout(() => ending.abort(over()), delayMs).unref();
  return ending.signal;
}

function over(): SyncError {
  return new SyncError('SLICE_OVER', 'the slice has no time left');
}
