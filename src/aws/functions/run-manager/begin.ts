import { asSyncError, SyncError } from '../../../errors.ts';
import { usualTermMs, type LeaseCell, type LeaseReading, type LeaseRecord } from '../../../lease.ts';
import { isoTime } from '../../../lib/clock.ts';
import { leaseCells } from '../../../run/lease-cells.ts';
import { takeLease, type Verdict } from '../../../run/lease.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import { beginSeconds, noError, runSeconds, type Execution, type ReplyOf, type RequestOf } from '../../contract.ts';
import { awsClientOptions } from '../../../lib/aws-clients.ts';
import { abortAfter } from '../../platform/abort-after.ts';
import { judgeExecution } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { parseInput, unknownFields } from './input.ts';

/** The time in ms that this step reserves for its reply after it has watched a lease holder. */
const answeringMs = 15_000;

/**
 * Begins a run. It checks the input, opens the archive, takes the run lease and records the run. A
 * new deployment has no archive yet, so its first run creates the archive. A repeated call of the
 * same execution gets the same reply. Errors: USAGE for a wrong input; those of the archive and of
 * the tracker.
 */
export async function begin({ input, execution }: RequestOf<'BeginRun'>, invocation: Invocation): Promise<ReplyOf<'BeginRun'>> {
  const { log } = invocation;
  const wanted = parseInput(input);
  const unknown = unknownFields(input);
  if (unknown.length > 0) log.warn(`the input of this execution has unknown fields: ${unknown.slice(0, 5).join(', ')}`);
  const deadline = isoTime(Date.parse(execution.started_at) + runSeconds * 1000);
  const reply = { ...wanted, deadline, error: noError };

  const tracker = await invocation.openTracker(wanted.provider, { create: true });
  const cells = leaseCells({ destination: invocation.destination, tracker });
  try {
    const { fence } =
      (await earlierGrant(tracker, execution)) ?? (await takeRunLease(cells, { execution, deadline }, invocation));
    tracker.useFence(fence);
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code !== 'LOCKED') throw error;
    log.info(error.message);
    return { ...reply, outcome: 'overlap', holder: await holderOf(cells) };
  }
  await tracker.beginRun(execution.name, 'sync');
  return { ...reply, outcome: 'granted', holder: execution.arn };
}

/**
 * Returns the lease if an earlier call of this execution took it. The tracker's cell suffices,
 * because it is the last cell that a call writes.
 */
async function earlierGrant(tracker: Tracker, { arn }: Execution): Promise<LeaseRecord | undefined> {
  const { record } = await tracker.lease.read();
  return record?.owner === arn && !record.released ? record : undefined;
}

/**
 * Takes the lease. Errors: LOCKED if another run works under the lease, or if this function has too
 * little time to find out whether the other run works.
 */
async function takeRunLease(
  cells: readonly LeaseCell[],
  { execution, deadline }: { readonly execution: Execution; readonly deadline: string },
  invocation: Invocation,
): Promise<LeaseRecord> {
  const { clock } = invocation;
  const timeMs = Math.min(invocation.remainingMs(), beginSeconds * 1000) - answeringMs;
  const outOfTime = new SyncError(
    'LOCKED',
    'another run has the lease of this archive for a longer term than this step may wait',
  );
  const { record } = await takeLease({
    cells,
    holder: { owner: execution.arn, process: null, deadline },
    termMs: usualTermMs,
    clock,
    signal: abortAfter(timeMs, outOfTime),
    judge: async (record, reading) => judgeHolder(record, reading, execution, invocation),
    onWait: (owner, waitMs) =>
      invocation.log.info(`${owner} has the lease; waiting ${waitMs} ms to see whether that run still works`),
  });
  return record;
}

/**
 * Judges the holder of the lease. If the holder is this execution, an earlier call ended after it
 * had written only one of the two lease cells.
 */
async function judgeHolder(
  record: LeaseRecord,
  reading: LeaseReading,
  { arn }: Execution,
  { environment, log }: Invocation,
): Promise<Verdict> {
  if (record.owner === arn) return 'ended';
  return judgeExecution(record, reading, {
    ...awsClientOptions(environment.network, { connectionTimeout: 5_000, requestTimeout: 20_000 }),
    onUnanswered: (holder, reason) => log.warn(`could not find out whether ${holder} still runs: ${reason}`),
  });
}

/** Returns the owner of the lease, or `an unknown run` if the lease was just released. */
async function holderOf(cells: readonly LeaseCell[]): Promise<string> {
  const readings = await Promise.all(cells.map(async (cell) => cell.read()));
  return readings.find(({ record }) => record?.released === false)?.record?.owner ?? 'an unknown run';
}
