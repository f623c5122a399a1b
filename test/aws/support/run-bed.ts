/** A set-up for tests of the steps that begin and end a run: a tracker and function invocations. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { expect } from 'vitest';
import type { Execution } from '../../../src/aws/contract.ts';
import type { Invocation } from '../../../src/aws/platform/invocation.ts';
import type { MetricName } from '../../../src/aws/platform/metrics.ts';
import { begin } from '../../../src/aws/functions/run-manager/begin.ts';
import { isoTime } from '../../../src/lib/clock.ts';
import type { RunFinished } from '../../../src/events.ts';
import { createTrackerTable } from '../../support/tracker-table.ts';
import { openDynamoTracker } from '../../../src/tracker/dynamodb/index.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { claimed, resolve, whole } from '../../conformance/tracker/fixtures.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { original } from '../../support/builders.ts';
import type { Aws } from './aws.ts';
import { openQuietInvocation } from './invocation.ts';

/** Makes a machine whose executions only wait for ten hours. Returns the machine's ARN. */
export async function createIdleMachine({ sfn }: Aws): Promise<string> {
  const definition = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 36_000, End: true } } });
  const roleArn = 'arn:aws:iam::000000000000:role/machine';
  const machine = await sfn.send(new CreateStateMachineCommand({ name: 'gopro-sync-orchestrator', definition, roleArn }));
  return machine.stateMachineArn!;
}

/** One archive's ledger, with executions and their invocations. */
export interface Bed extends AsyncDisposable {
  /** A tracker that has no lease. */
  readonly tracker: Tracker;
  readonly clock: ManualClock;
  readonly metrics: [MetricName, number][];
  /** Starts an execution, or only makes up a name and an ARN if `running` is false. */
  execution(options?: { readonly running: boolean }): Promise<Execution>;
  /**
   * Returns an invocation with the bed's ledger and clock. `variables` are added to its
   * environment.
   */
  invocation(execution: Execution, variables?: Readonly<Record<string, string>>): Invocation;
}

/**
 * `environment` must hold the emulator's address and credentials, like a function's environment.
 */
export async function newBed({ dynamodb, environment, s3, sfn }: Aws, machineArn: string): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const place = `bed-${randomUUID()}`;
  await createTrackerTable(dynamodb, place);
  await s3.send(new CreateBucketCommand({ Bucket: place }));
  const clock = manualClock(isoTime(Date.now()));
  const open = () => openDynamoTracker({ client: dynamodb, table: place, provider: 'gopro', archiveId: 'archive-1', clock });
  const tracker = await open();
  const metrics: [MetricName, number][] = [];
  const add = (name: MetricName, value: number) => void metrics.push([name, value]);
  const usual = {
    ...environment,
    CLOUD_SYNC_TABLE: place,
    CLOUD_SYNC_ARCHIVE_BUCKET: place,
    CLOUD_SYNC_RUNS_BUCKET: place,
    CLOUD_SYNC_QUARANTINE_AFTER: '3',
  };
  const kept = stack.move();
  return {
    tracker,
    clock,
    metrics,
    execution: async ({ running } = { running: true }) => {
      const name = `run-${randomUUID().slice(0, 8)}`;
      const started_at = isoTime(clock.now());
      if (!running) return { arn: `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`, name, started_at };
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn, name, input: '{}' }));
      return { arn: executionArn!, name, started_at };
    },
    invocation: (execution, more = {}) => {
      const opened = openQuietInvocation({ execution, metrics: { add }, variables: { ...usual, ...more } });
      // Opens a tracker for each invocation, because each function process has its own.
      const opening = open();
      return { ...kept.use(opened), clock, openTracker: async () => opening };
    },
    [Symbol.asyncDispose]: async () => kept.disposeAsync(),
  };
}

/** Begins a run. `changes` replace parts of its invocation. */
export async function begun(
  bed: Bed,
  changes: Partial<Invocation> = {},
): Promise<{ readonly execution: Execution; readonly invocation: Invocation }> {
  const execution = await bed.execution({ running: false });
  const invocation = { ...bed.invocation(execution), ...changes };
  expect(await begin({ action: 'begin', input: {}, execution }, invocation)).toMatchObject({ outcome: 'granted' });
  bed.clock.advance(1_000);
  return { execution, invocation };
}

/** Whether another run could begin now. */
export async function isLeaseFree({ tracker }: Bed): Promise<boolean> {
  const { record } = await tracker.lease.read();
  return record === undefined || record.released;
}

/** Releases the lease, as the last step of a run does. */
export async function release({ tracker }: Bed): Promise<void> {
  const { record } = await tracker.lease.read();
  await tracker.lease.replace(record, { ...record!, released: true });
}

export async function archive({ tracker }: Bed, mediaId: string, sizeBytes = 1_000): Promise<void> {
  await resolve(tracker, mediaId, [original(mediaId)]);
  await tracker.complete(await claimed(tracker, original(mediaId)), { ...whole, sizeBytes });
}

export async function statuses(tracker: Tracker): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { tracked, originals } of tracker.rows()) {
    found[tracked.medium.id] = [tracked.status, ...originals.map(({ status }) => status)].join(' ');
  }
  return found;
}

export async function lastRun({ tracker }: Bed): Promise<{ readonly outcome: string | null; readonly finished: RunFinished }> {
  const [run] = await tracker.runs(1);
  return { outcome: run!.outcome, finished: JSON.parse(run!.summary!) as RunFinished };
}
