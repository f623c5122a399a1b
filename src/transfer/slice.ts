import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * The time of a transfer: one invocation of a function, or unlimited. Near the end no new work
 * begins. Shortly before the end it aborts the running work, so that everything can be recorded.
 */
export interface Slice {
  /** True: the run has no other slice, so this slice sees all that the run sees. */
  readonly isWholeRun: boolean;
  /** Asks for time for one more part. The first part always gets it. Errors: SLICE_OVER. */
  admit(): void;
  /**
   * Counts a part that no earlier slice had stored. `sizeBytes` is 0 if no later slice can resume
   * it.
   */
  countStored(sizeBytes: number, tookMs: number): void;
  /** Counts an original or a medium that has ended, with any result. */
  countEnded(): void;
  /** A host asked to wait, so a slice without a new byte does not count as idle. */
  excuse(): void;
  /** Whether there is no time to begin more work. */
  isOver(): boolean;
  /** Whether neither this slice nor the one before made progress. Then its open work fails. */
  isFruitless(): boolean;
  /** How many slices in a row made no progress, including this one. */
  idleSlices(): number;
  /** Aborted with SLICE_OVER when the running work must end. */
  readonly signal: AbortSignal;
}

/** For a process that ends when its work is done. */
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
  /** The time until the platform ends this process, in ms. */
  readonly budgetMs: number;
  /** How many slices just before this one made no progress. */
  readonly idleBefore: number;
  readonly clock: Clock;
}

/** Time that is reserved for recording: 30 s, or a tenth of a short slice. */
const maxKeptBackMs = 30_000;
/** After so many slices without a new byte, open work fails. */
const maxIdleSlices = 2;

/** A slice that begins now. Its timer does not keep the process alive. */
export function createSlice({ budgetMs, idleBefore, clock }: SliceOptions): Slice {
  const keptBackMs = Math.min(maxKeptBackMs, budgetMs / 10);
  const endsAtMs = clock.elapsed() + budgetMs - keptBackMs;
  const signal = abortAfter(Math.max(0, budgetMs - keptBackMs));
  let slowestMs = 0;
  let admitted = 0;
  let hasRefused = false;
  let fruits = 0;
  let isExcused = false;

  // The time of two parts: the next one may be slower than the slowest so far.
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
