import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * The time that a transfer has: a slice of a run, such as one invocation of a function, or all the time there is. Near its end nothing new is begun,
 * and shortly before it what is still under way is broken off, so that everything can be recorded.
 */
export interface Slice {
  /** It is not one of several: what it has seen is all that the run sees. */
  readonly isWholeRun: boolean;
  /** Asks for time for one more part. The first ones of a slice always get it, or a slow source would never be read. Errors: SLICE_OVER. */
  admit(): void;
  /** A part was stored that no slice before had. */
  stored(sizeBytes: number, tookMs: number): void;
  /** An original or a medium came to its end, whatever end. */
  ended(): void;
  /** The other side asked to wait: a slice without a new byte is then nobody's fault. */
  toldToWait(): void;
  /** Whether time has run out for anything that is not begun yet. */
  isOver(): boolean;
  /** Neither this slice nor the one before brought anything: what it leaves open fails. */
  isFruitless(): boolean;
  /** Slices in a row, up to and with this one, that brought nothing. */
  idle(): number;
  /** Aborted with SLICE_OVER when what is under way must end. */
  readonly signal: AbortSignal;
}

/** For a process that ends when its work does. */
export const unlimited: Slice = {
  isWholeRun: true,
  admit: () => {},
  stored: () => {},
  ended: () => {},
  toldToWait: () => {},
  isOver: () => false,
  isFruitless: () => false,
  idle: () => 0,
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
const mostKeptBackMs = 30_000;
/** Slices without a new byte, after which what is open fails. */
const mostIdle = 2;

/** A slice that begins now. Its timer does not keep the process. */
export function createSlice({ budgetMs, idleBefore, clock }: SliceOptions): Slice {
  const keptBackMs = Math.min(mostKeptBackMs, budgetMs / 10);
  const endsAtMs = clock.elapsed() + budgetMs - keptBackMs;
  const end = new AbortController();
  const ending = setTimeout(() => end.abort(over()), Math.max(0, budgetMs - keptBackMs));
  ending.unref();
  let slowestMs = 0;
  let admitted = 0;
  let refused = false;
  let fruits = 0;
  let isExcused = false;

  // Two parts' time: the next one may be slower than the slowest so far.
  const isOver = (): boolean => refused || end.signal.aborted || endsAtMs - clock.elapsed() < 2 * slowestMs;
  const idle = (): number => {
    if (fruits > 0) return 0;
    return isExcused ? idleBefore : idleBefore + 1;
  };
  return {
    isWholeRun: false,
    admit: () => {
      if (admitted > 0 && isOver()) {
        refused = true;
        throw over();
      }
      admitted += 1;
    },
    stored: (sizeBytes, tookMs) => {
      if (sizeBytes > 0) fruits += 1;
      slowestMs = Math.max(slowestMs, tookMs);
    },
    ended: () => void (fruits += 1),
    toldToWait: () => {
      isExcused = true;
    },
    isOver: () => admitted > 0 && isOver(),
    isFruitless: () => !isExcused && idle() >= mostIdle,
    idle,
    signal: end.signal,
  };
}

function over(): SyncError {
  return new SyncError('SLICE_OVER', 'the slice has no time left');
}
