import type { Report } from '../../events.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import type { Accounting } from '../../transfer/accounting.ts';

const progressEveryMs = 250;

interface EachOptions {
  /** How many files are in work at the same time. */
  readonly concurrency: number;
  readonly accounting: Accounting;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` for each file and reports the progress. The first error of `work` aborts the signal of
 * all other files, and is thrown.
 */
export async function forEachFile<File>(
  files: readonly File[],
  { concurrency, accounting, report, signal }: EachOptions,
  work: (file: File, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  const either = AbortSignal.any([signal, stopping.signal]);
  const timer = setInterval(() => report(accounting.progress()), progressEveryMs);
  try {
    await forEachLimited(files, concurrency, async (file) => {
      try {
        either.throwIfAborted();
        await work(file, either);
      } catch (thrown) {
        stopping.abort(thrown);
        throw stopping.signal.reason;
      }
    });
  } finally {
    clearInterval(timer);
  }
}
