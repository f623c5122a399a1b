import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * The time that a transfer has: one invocation of a function, or all the time there is. Near its
 * end nothing new begins. Shortly before the end it breaks off what is still under way, so that
 * everything can be recorded.
 */
export interface Slice {
  /** True: the run has no other slice, so what this one sees is all that the run sees. */
  readonly isWholeRun: boolean;
  /** Asks for time for one more part; the first part always gets it. Errors: SLICE_OVER. */
  admit(): void;
  /** A part was stored that no slice before had; 0 bytes for one that no later slice can resume. */
  countStored(sizeBytes: number, tookMs: number): void;
  /** An original or a medium came to its end, whatever end. */
  countEnded(): void;
  /** A host asked to wait, so a slice without a new byte is nobody's fault. */
  excuse(): void;
  /** Whether there is no time to begin anything more. */
  isOver(): boolean;
  /** Neither this slice nor the one before brought anything: what it leaves open fails. */
  isFruitless(): boolean;
  /** Slices in a row, up to and with this one, that brought nothing. */
  idleSlices(): number;
  /** Aborted with SLICE_OVER when what is under way must end. */
  readonly signal: AbortSignal;
}

/** For a process that ends when its work does. */
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
  /** From now to when the platform ends us, in ms. */
  readonly budgetMs: number;
  /** Slices just before this one that brought nothing. */
  readonly idleBefore: number;
  readonly clock: Clock;
}

/** Kept back for recording: 30 s, or a tenth of a short slice. */
const maxKeptBackMs = 30_000;
/** After so many slices without a new byte, what is open fails. */
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

  // Two parts' time: the next one may be slower than the slowest so far.
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
