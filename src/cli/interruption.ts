import { SyncError } from '../errors.ts';

/** A signal must end the process within two seconds, so we force the end before that. */
const maxCleanEndMs = 1_500;

export interface Interruption extends Disposable {
  /** The first SIGINT or SIGTERM aborts this signal with the error INTERRUPTED or TERMINATED. */
  readonly signal: AbortSignal;
  /**
   * Registers a callback that is called before a forced exit. The exit is forced if the run does
   * not end by itself in time.
   */
  beforeForcedExit(callback: (error: SyncError) => void): void;
}

/**
 * Handles signals from now on. The first SIGINT or SIGTERM asks for a clean end, and the second
 * exits immediately. `hint` says what the command leaves behind.
 */
export function watchForInterruption(hint: string | undefined): Interruption {
  const abort = new AbortController();
  let reportForcedExit: ((error: SyncError) => void) | undefined;

  function interrupt(signalName: 'SIGINT' | 'SIGTERM'): void {
    const code = signalName === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED';
    const error = new SyncError(code, `ended by ${signalName}`, { hint });
    if (abort.signal.aborted) process.exit(error.exitCode);
    abort.abort(error);
    const forced = setTimeout(() => {
      reportForcedExit?.(error);
      process.exit(error.exitCode);
    }, maxCleanEndMs);
    forced.unref();
  }

  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: abort.signal,
    beforeForcedExit: (callback) => void (reportForcedExit = callback),
    [Symbol.dispose]: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
