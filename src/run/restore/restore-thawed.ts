import type { Destination } from '../../destination/destination.ts';
import type { FrozenFile } from '../../destination/thawing.ts';
import { SyncError } from '../../errors.ts';
import type { Event, Report } from '../../events.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';
import type { PlannedFile } from './plan-files.ts';

interface WaitPorts {
  readonly archive: Destination;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** S3 thaws within hours, and each look at a large archive costs requests. */
const pauses = { firstMs: 2_000, maxMs: 5 * 60_000 };
/** A store may call a file readable and refuse it nevertheless. */
const maxRefusals = 5;

/** A wait of two days outlasts a night without a network. */
const maxFailuresInARow = 100;

/**
 * Waits for files that the store thaws, and hands those that can be read to `restore`, which
 * returns the ones that the store did not show after all. Reports each file that nobody asked the
 * store to thaw as failed, and returns their number.
 */
export async function restoreThawed(
  files: readonly PlannedFile[],
  restore: (files: readonly PlannedFile[]) => Promise<readonly PlannedFile[]>,
  ports: WaitPorts,
): Promise<number> {
  const { clock, report, signal } = ports;
  const refusals = new Map<PlannedFile, number>();
  let waiting = files;
  let failed = 0;
  const look = createLook(ports);
  for (let looks = 1; waiting.length > 0; looks += 1) {
    const states = await look(waiting);
    const isIn = (state: FrozenFile['state']) => (planned: PlannedFile) => (states.get(planned.file.key) ?? 'thawed') === state;
    for (const planned of waiting.filter(isIn('frozen'))) {
      report(neverAsked(planned, ports.archive));
      failed += 1;
    }
    const thawing = waiting.filter(isIn('thawing'));
    const readable = waiting.filter(isIn('thawed'));
    const refused = readable.length > 0 ? await restore(readable) : [];
    if (refused.length < readable.length) looks = 0;
    for (const planned of refused) refusals.set(planned, (refusals.get(planned) ?? 0) + 1);
    const isHopeless = (planned: PlannedFile) => (refusals.get(planned) ?? 0) >= maxRefusals;
    for (const planned of refused.filter(isHopeless)) {
      report(failure(planned, `${ports.archive.location} does not show it, although it says that the file can be read`));
      failed += 1;
    }
    waiting = [...thawing, ...refused.filter((planned) => !isHopeless(planned))];
    if (waiting.length === 0) break;
    const forMs = Math.round(backoffMs(Math.max(1, looks), pauses));
    const bytes = waiting.reduce((sum, { file }) => sum + file.sizeBytes, 0);
    report({ type: 'thaw.waiting', files: waiting.length, bytes, forMs });
    await clock.sleep(forMs, signal);
  }
  return failed;
}

/** The states of files by key. A file that is in no archive class has none. */
type States = ReadonlyMap<string, FrozenFile['state']>;

/**
 * Makes a function that asks the store for the states of files. While the store fails, the files
 * count as not yet thawed.
 */
function createLook(ports: WaitPorts): (files: readonly PlannedFile[]) => Promise<States> {
  const { report, signal } = ports;
  let failures = 0;
  return async (files) => {
    try {
      const states = await statesOf(files, ports);
      failures = 0;
      return states;
    } catch (error) {
      failures += 1;
      const mayPass = error instanceof SyncError && error.decision === 'retry' && failures < maxFailuresInARow;
      if (signal.aborted || !mayPass) throw error;
      report({ type: 'warning', message: `${error.message}; the run waits and looks again` });
      return new Map(files.map(({ file }) => [file.key, 'thawing']));
    }
  };
}

async function statesOf(files: readonly PlannedFile[], { archive, signal }: WaitPorts): Promise<States> {
  const keys = new Set(files.map(({ file }) => file.key));
  const states = new Map<string, FrozenFile['state']>();
  if (!archive.thawing) return states;
  for await (const { key, state } of archive.thawing.frozen(signal, keys)) states.set(key, state);
  return states;
}

function neverAsked(planned: PlannedFile, { location }: Destination): Event {
  const reason = `${location}/${planned.file.key} is in an archive class, and the store was not asked to thaw it`;
  return failure(planned, reason, `Run \`cloud-sync thaw --from ${location}\`, then the same command again.`);
}

function failure({ file: { id, key, medium } }: PlannedFile, reason: string, hint?: string): Event {
  const about = { id, mediaId: medium.id, key, status: 'FAILED', code: 'UNREADABLE', reason } as const;
  return { type: 'file.failed', ...about, ...(hint !== undefined && { hint }) };
}
