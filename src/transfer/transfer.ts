import { asSyncError, type SyncError } from '../errors.ts';
import type { WorkItem } from '../plan/plan.ts';
import { createGoneMedia } from './gone.ts';
import { createRecorder } from './record.ts';
import type { MediumContext } from './context.ts';
import { transferMedium } from './medium.ts';
import type { TransferPorts } from './ports.ts';

/**
 * Brings the media of a plan to the archive, in its order, a few media at a time; how many parts are in flight over all of them is
 * for `ports.slots`. What fails is recorded and the rest goes on, until there is no more or `ports.slice` is over. Throws the SyncError that
 * stops the whole run (credentials, a full disk, an interruption). At its end every original is PENDING again, FAILED, or COMPLETED.
 */
export async function transfer(
  work: readonly WorkItem[],
  ports: TransferPorts,
  options: { readonly concurrency: number; readonly signal: AbortSignal },
): Promise<void> {
  const stop = new AbortController();
  let stopped: SyncError | undefined;
  const context: MediumContext = {
    ports,
    concurrency: options.concurrency,
    recorder: createRecorder(ports),
    gone: createGoneMedia(),
    // The others see the same error as their signal's reason and give back what they hold.
    stop: (error) => {
      stopped ??= error;
      stop.abort(stopped);
    },
    nextOrder: counter(),
    signal: AbortSignal.any([options.signal, stop.signal, ports.slice.signal]),
  };
  const items = work.values();

  async function worker(): Promise<void> {
    for (const item of items) {
      if (context.signal.aborted || ports.slice.isOver()) return;
      try {
        await transferMedium(item, context);
      } catch (thrown) {
        context.stop(asSyncError(thrown));
      }
      ports.accounting.mediumDone(item.sizeHintBytes);
    }
  }

  await Promise.all(Array.from({ length: options.concurrency }, worker));
  if (!stopped && ports.slice.isWholeRun) await context.gone.settle();
  if (stopped) throw stopped;
  if (options.signal.aborted) throw asSyncError(options.signal.reason);
}

function counter(): () => number {
  let count = 0;
  return () => (count += 1);
}
