import { asSyncError, SyncError } from '../errors.ts';
import type { Plan, WorkItem } from '../plan/plan.ts';
import { createAccounting, type Totals } from './accounting.ts';
import type { Transfer, TransferPorts, TransferSettings } from './context.ts';
import { createFullness } from './fullness.ts';
import { createHostGate, createPartSlots, createThrottle } from './media-host/limits.ts';
import { createMediaHosts } from './media-host/media-hosts.ts';
import { createDisappearances } from './medium/disappearances.ts';
import { transferMedium } from './medium/transfer-medium.ts';
import { createTrust } from './trust.ts';

export interface TransferEnd {
  /** The totals are there even if the transfer was stopped. */
  readonly totals: Totals;
  /** The error that stopped the transfer: bad credentials, a full disk, or an interruption. */
  readonly error: SyncError | undefined;
}

const progressEveryMs = 200;

/**
 * Archives the media of a plan in order, a few at a time, until all are done or the slice is over.
 * If one medium fails, the failure is recorded and the other media continue. At the end every
 * original is PENDING, FAILED or COMPLETED. It never throws.
 */
export async function transfer(work: Plan, ports: TransferPorts, settings: TransferSettings): Promise<TransferEnd> {
  const stopping = new AbortController();
  const context = openTransfer(work, ports, settings, stopping);
  const { accounting, report } = context;
  for (const { key, sizeBytes, proof } of settings.recovered) {
    accounting.endFile(key, sizeBytes);
    accounting.countProof(proof);
  }
  const ticking = setInterval(() => report(accounting.progress()), progressEveryMs);
  try {
    await transferAll(work.items, context);
    const verdict = settings.slice.isWholeRun ? 'gone' : 'denied';
    if (!stopping.signal.aborted) await context.disappearances.settle(verdict);
    stopping.signal.throwIfAborted();
    settings.signal.throwIfAborted();
    if (context.fullness.isFull()) throw nothingFits(ports.destination.location);
    return { totals: accounting.totals(), error: undefined };
  } catch (thrown) {
    return { totals: accounting.totals(), error: asSyncError(thrown) };
  } finally {
    clearInterval(ticking);
  }
}

function nothingFits(location: string): SyncError {
  const hint = 'Free some space there or choose another destination. Archived files are not affected.';
  return new SyncError('DESTINATION_FULL', `${location} had no space for any of the files that were left`, { hint });
}

/** Makes the context of a transfer. Aborting `stopping` ends the transfer. */
export function openTransfer(
  work: Pick<Plan, 'items' | 'sizeHintBytes'>,
  ports: TransferPorts,
  settings: TransferSettings,
  stopping: AbortController,
): Transfer {
  const { http, clock, report } = ports;
  const { slice, stallMs, plainHttp, signal } = settings;
  const accounting = createAccounting(clock, { media: work.items.length, sizeHintBytes: work.sizeHintBytes });
  const onPause = (host: string, forMs: number) => {
    slice.excuse();
    report({ type: 'host.paused', host, forMs });
  };
  let order = 0;
  return {
    ...ports,
    ...settings,
    accounting,
    fullness: createFullness(),
    hosts: createMediaHosts({ http, gate: createHostGate(clock), clock, accounting, onPause, stallMs, plainHttp }),
    slots: createPartSlots(slice.partsAtOnce(settings.concurrency)),
    throttle: createThrottle(settings.bandwidth, clock, signal),
    disappearances: createDisappearances(),
    trust: createTrust(ports.tracker),
    receipts: { areDigests: undefined },
    postponed: undefined,
    // The first error counts. All other work sees it as the signal's reason and releases its
    // claims.
    stop: (error) => stopping.abort(error),
    nextOrder: () => (order += 1),
    signal: AbortSignal.any([signal, stopping.signal, slice.signal]),
  };
}

/**
 * Transfers all media. Then tries the postponed media again: first together, because most of them
 * fit now, and at last one by one, so that no file reserves the space of another one.
 */
async function transferAll(items: readonly WorkItem[], context: Transfer): Promise<void> {
  const postponed = new Set<string>();
  const takePostponed = () => items.filter(({ mediaId }) => postponed.delete(mediaId));
  await transferMedia(items, { ...context, postponed });
  await transferMedia(takePostponed(), { ...context, postponed });
  await transferMedia(takePostponed(), { ...context, postponed: undefined, concurrency: 1 });
}

async function transferMedia(items: readonly WorkItem[], context: Transfer): Promise<void> {
  const { slice, signal, accounting, concurrency, postponed, stop, fullness } = context;
  const takeNext = queueOf(items, () => fullness.isTight());
  async function worker(): Promise<void> {
    for (let item = takeNext(); item; item = takeNext()) {
      if (signal.aborted || slice.isOver()) return;
      try {
        await transferMedium(item, context);
      } catch (thrown) {
        stop(asSyncError(thrown));
      }
      if (!postponed?.has(item.mediaId)) accounting.endMedium(item.sizeHintBytes);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/**
 * Returns a function that takes the next medium: in order, or the smallest one if space is tight.
 */
function queueOf(items: readonly WorkItem[], isTight: () => boolean): () => WorkItem | undefined {
  let left = items.toReversed();
  let isBySize = false;
  return () => {
    if (!isBySize && isTight()) {
      isBySize = true;
      left = left.toSorted((a, b) => (b.sizeHintBytes ?? Infinity) - (a.sizeHintBytes ?? Infinity));
    }
    return left.pop();
  };
}
