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
  /** Counts bytes that arrived, also if their part will not be stored. */
  countMoved(bytes: number): void;
  /** Counts an original or a medium that has ended, with any result. */
  countEnded(): void;
  /**
   * Call it when a host asked to wait. Then the slice is not fruitless, even without a new byte.
   */
  excuse(): void;
  /** Whether there is too little time to begin more work. */
  isOver(): boolean;
  /**
   * True if too many slices in a row, up to this one, stored nothing. Then the open work fails. A
   * slice that was cut inside a part has moved bytes, so it weighs less than a slice without a
   * byte.
   */
  isFruitless(): boolean;
  /** The weight of the slices in a row that stored nothing, up to and including this one. */
  idleWeight(): number;
  /**
   * How many parts to fetch at once if a run without a limit of time fetches `concurrency`. A slice
   * after idle slices fetches fewer parts at once, because on a slow line one part may fit into it.
   */
  partsAtOnce(concurrency: number): number;
  /** Aborted with SLICE_OVER when the running work must end. */
  readonly signal: AbortSignal;
}

/** The slice of a process that ends only when its work is done. */
export const unlimited: Slice = {
  isWholeRun: true,
  admit: () => {},
  countStored: () => {},
  countMoved: () => {},
  countEnded: () => {},
  excuse: () => {},
  isOver: () => false,
  isFruitless: () => false,
  idleWeight: () => 0,
  partsAtOnce: (concurrency) => concurrency,
  signal: new AbortController().signal,
};

export interface SliceOptions {
  /** The time in ms until the platform ends this process. */
  readonly budgetMs: number;
  /** The weight of the slices in a row before this one that stored nothing. */
  readonly idleBefore: number;
  /** True if the run ends with this slice. Such a slice may be short, so it is never fruitless. */
  readonly isLast?: boolean;
  readonly clock: Clock;
}

/** The last tenth of a slice is kept for recording, but not more than this time. */
const maxKeptBackMs = 30_000;
/**
 * The open work fails after 2 slices in a row without a byte, or 20 slices without a stored part.
 */
const maxIdleWeight = 20;
const weightWithoutBytes = 10;
const weightWithBytes = 1;

/** Begins a slice now. Its timer does not keep the process alive. */
export function createSlice({ budgetMs, idleBefore, isLast = false, clock }: SliceOptions): Slice {
  const keptBackMs = Math.min(maxKeptBackMs, budgetMs / 10);
  const endsAtMs = clock.elapsed() + budgetMs - keptBackMs;
  const signal = abortAfter(Math.max(0, budgetMs - keptBackMs));
  let slowestMs = 0;
  let admitted = 0;
  let hasRefused = false;
  let fruits = 0;
  let hasMoved = false;
  let isExcused = false;

  // The slowest part so far must fit twice, because the next part may be even slower.
  const isOver = () => hasRefused || signal.aborted || endsAtMs - clock.elapsed() < 2 * slowestMs;
  const ownWeight = () => (isExcused ? 0 : hasMoved ? weightWithBytes : weightWithoutBytes);
  const idleWeight = () => (fruits > 0 ? 0 : idleBefore + ownWeight());
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
    countMoved: (bytes) => {
      if (bytes > 0) hasMoved = true;
    },
    countEnded: () => void (fruits += 1),
    excuse: () => void (isExcused = true),
    isOver: () => admitted > 0 && isOver(),
    isFruitless: () => !isExcused && !isLast && idleWeight() >= maxIdleWeight,
    idleWeight,
    partsAtOnce: (concurrency) => Math.max(1, Math.floor(concurrency / 2 ** idleBefore)),
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
