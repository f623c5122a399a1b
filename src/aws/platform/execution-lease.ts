import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient, type SFNClientConfig } from '@aws-sdk/client-sfn';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import type { LeaseReading, LeaseRecord } from '../../lease.ts';
import type { Clock } from '../../lib/clock.ts';
import { fenced } from '../../run/fenced.ts';
import { holdLease, momentOf } from '../../run/held-lease.ts';
import { leaseCells, type LeasePlaces } from '../../run/lease-cells.ts';
import type { Verdict } from '../../run/lease.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Execution } from '../contract.ts';

/**
 * The lease of an execution. Its owner is the ARN of the execution. `BeginRun` takes it, the other
 * functions of the execution join it, and the last one releases it. Nobody renews it.
 */

const executionArn = /^arn:[\w-]+:states:([\w-]+):\d{12}:execution:[^:]+:[^:]+$/;

/**
 * If AWS gives no answer about an execution, the execution counts as running until this many ms
 * after its deadline.
 */
const graceMs = 3_600_000;

interface ExecutionQuestion extends SFNClientConfig {
  /** Called if AWS gives no answer about the execution. `reason` is the error message. */
  readonly onUnanswered?: (execution: string, reason: string) => void;
}

/**
 * Judges a lease holder that is an execution. The execution has ended if AWS says so or no longer
 * knows the execution. If AWS gives no answer, the execution counts as ended an hour after its
 * deadline. The store's clock decides this, because the clock of this machine may be wrong.
 */
export async function judgeExecution(
  { owner, deadline }: LeaseRecord,
  { storeTimeMs }: LeaseReading,
  { onUnanswered, ...config }: ExecutionQuestion = {},
): Promise<Verdict> {
  const region = executionArn.exec(owner)?.[1];
  if (region === undefined) return 'unproven';
  const client = new SFNClient({ ...config, region });
  try {
    const { status } = await client.send(new DescribeExecutionCommand({ executionArn: owner }));
    return status === 'RUNNING' ? 'running' : 'ended';
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return 'ended';
    onUnanswered?.(owner, error instanceof Error ? error.message : String(error));
    const isOver = deadline !== null && storeTimeMs !== null && storeTimeMs > Date.parse(deadline) + graceMs;
    return isOver ? 'ended' : 'running';
  } finally {
    client.destroy();
  }
}

/**
 * Joins the lease that `BeginRun` took for an execution. From now on the tracker's writes carry the
 * fence of this lease. With `orReleased`, the execution may already have released the lease,
 * because the last steps of a run may be repeated. Errors: LEASE_LOST.
 */
export async function joinLease(
  tracker: Tracker,
  { arn }: Execution,
  { orReleased = false }: { readonly orReleased?: boolean } = {},
): Promise<LeaseRecord> {
  const { record } = await tracker.lease.read();
  if (record?.owner !== arn || (record.released && !orReleased)) throw notHeld(record);
  tracker.useFence(record.fence);
  return record;
}

/** An archive for an execution that has the archive's lease. */
export interface JoinedArchive extends AsyncDisposable {
  readonly tracker: Tracker;
  /** The destination. It begins, publishes and drops no upload after the lease is lost. */
  readonly destination: Destination;
  /** Aborted with LEASE_LOST when another run took the lease. */
  readonly lost: AbortSignal;
}

/**
 * Joins the lease of an execution and watches it. A function may outlive its aborted execution by
 * minutes, so it stops when another run takes the lease. A run with another tracker takes it only
 * in the archive. Errors: LEASE_LOST.
 */
export async function joinArchive(
  { destination, tracker }: LeasePlaces,
  execution: Execution,
  clock: Clock,
): Promise<JoinedArchive> {
  const since = momentOf(clock);
  const record = await joinLease(tracker, execution);
  const inArchive = (await destination.lease?.read())?.record;
  if (inArchive && inArchive.token !== record.token) throw notHeld(inArchive);
  // A store without conditional writes holds no record, so there is nothing to watch.
  const cells = inArchive ? leaseCells({ destination, tracker }) : [tracker.lease];
  const held = holdLease({ record, since, cells, clock, isShared: true });
  return { ...held, tracker, destination: fenced(destination, held) };
}

function notHeld(holder: LeaseRecord | undefined): SyncError {
  const message = `this execution does not have the lease of the archive: ${holder?.owner ?? 'nobody'} has it`;
  return new SyncError('LEASE_LOST', message);
}
