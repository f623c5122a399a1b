import { SyncError } from '../errors.ts';

/** A signal from outside has to end the process within two seconds, whatever it is doing. */
const patienceMs = 1_500;

export interface Interruption extends Disposable {
  /** Aborted with INTERRUPTED or TERMINATED at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** What is to be said when the end has to be forced, because the run did not come to its own in time. */
  beforeForcedExit(say: (error: SyncError) => void): void;
}

/** From now on SIGINT and SIGTERM ask for a clean end; a second one ends the process at once. */
export function watchForInterruption(): Interruption {
  const abort = new AbortController();
  let say: ((error: SyncError) => void) | undefined;

  function interrupt(signalName: 'SIGINT' | 'SIGTERM'): void {
    const code = signalName === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED';
    const error = new SyncError(code, `ended by ${signalName}`, {
      hint: 'All progress is kept. Run the same command again to go on.',
    });
    if (abort.signal.aborted) process.exit(error.exitCode);
    abort.abort(error);
    const forced = setTimeout(() => {
      say?.(error);
      process.exit(error.exitCode);
    }, patienceMs);
    forced.unref();
  }

  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: abort.signal,
    beforeForcedExit: (callback) => void (say = callback),
    [Symbol.dispose]: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
