import { DescribeExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, test, vi } from 'vitest';
import { begin } from '../../src/aws/functions/run-manager/begin.ts';
import { end } from '../../src/aws/functions/run-manager/end.ts';
import { openDisk } from '../../src/destination/disk/index.ts';
import { isoTime, systemClock } from '../../src/lib/clock.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import { dayMs, grant, hourMs } from '../conformance/tracker/fixtures.ts';
import { leaseRecord } from '../support/builders.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import type { Aws } from './support/aws.ts';
import { useAws } from './support/hooks.ts';
import { archive, begun, createIdleMachine, isLeaseFree, lastRun, newBed } from './support/run-bed.ts';

/** Tests of how a run begins and how it ends early, with a real ledger and real executions. */

let aws: Aws;
let machineArn: string;

useAws(async (started) => {
  aws = started;
  machineArn = await createIdleMachine(aws);
});

describe('the first step of a run', () => {
  test('the first step of a run takes the run lease, records the run, and gives the same reply when it is repeated', async () => {
    await using bed = await newBed(aws, machineArn);
    const execution = await bed.execution();
    const request = { action: 'begin', input: { trigger: 'schedule' }, execution } as const;
    const reply = await begin(request, bed.invocation(execution));
    expect(reply).toEqual({
      outcome: 'granted',
      provider: 'gopro',
      trigger: 'schedule',
      full_listing: false,
      deadline: isoTime(Date.parse(execution.started_at) + 11.5 * hourMs),
      holder: execution.arn,
      error: { Error: '', Cause: '' },
    });
    const { record } = await bed.tracker.lease.read();
    expect(await begin(request, bed.invocation(execution))).toEqual(reply);
    expect((await bed.tracker.lease.read()).record).toEqual(record);
    expect(await bed.tracker.runs(5)).toMatchObject([{ id: execution.name, finishedAt: null }]);
  });

  test('a run does not begin while another execution runs, and takes its lease once that execution is aborted', async () => {
    await using bed = await newBed(aws, machineArn);
    const [first, second] = [await bed.execution(), await bed.execution()];
    await begin({ action: 'begin', input: {}, execution: first }, bed.invocation(first));
    const request = { action: 'begin', input: {}, execution: second } as const;
    expect(await begin(request, bed.invocation(second))).toMatchObject({ outcome: 'overlap', holder: first.arn });
    expect(await bed.tracker.runs(5)).toMatchObject([{ id: first.name }]);

    await aws.sfn.send(new StopExecutionCommand({ executionArn: first.arn }));
    await vi.waitFor(async () => {
      const { status } = await aws.sfn.send(new DescribeExecutionCommand({ executionArn: first.arn }));
      expect(status).toBe('ABORTED');
    });
    expect(await begin(request, bed.invocation(second))).toMatchObject({ outcome: 'granted', holder: second.arn });
  });

  test('a run does not begin while a process renews the lease', async () => {
    await using bed = await newBed(aws, machineArn);
    const process = leaseRecord();
    await bed.tracker.lease.replace(undefined, process);
    const execution = await bed.execution();
    const renewing = {
      ...bed.clock,
      sleep: async (forMs: number) => {
        await bed.clock.sleep(forMs);
        if (bed.clock.elapsed() - startedAtMs > 20_000) await bed.tracker.lease.replace(process, { ...process, renewals: 1 });
      },
    };
    const startedAtMs = bed.clock.elapsed();
    const reply = await begin({ action: 'begin', input: {}, execution }, { ...bed.invocation(execution), clock: renewing });
    expect(reply).toMatchObject({ outcome: 'overlap', holder: process.owner });
    expect(bed.clock.elapsed() - startedAtMs).toBeLessThan(25_000);
    expect(await bed.tracker.runs(5)).toEqual([]);
  });

  test('a run takes the lease of a process that is silent for a whole term, and the process can write no more', async () => {
    await using bed = await newBed(aws, machineArn);
    const process = await grant(bed.tracker);
    const execution = await bed.execution();
    const startedAtMs = bed.clock.elapsed();
    const reply = await begin({ action: 'begin', input: {}, execution }, bed.invocation(execution));
    expect(reply).toMatchObject({ outcome: 'granted', holder: execution.arn });
    expect(bed.clock.elapsed() - startedAtMs).toBeGreaterThanOrEqual(60_000);
    const { record } = await bed.tracker.lease.read();
    expect(record).toMatchObject({ owner: execution.arn, fence: process.fence + 1, deadline: reply.deadline, process: null });
    await expect(bed.tracker.setFact('mode', 'cookie')).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a run does not begin if the lease term of a process is longer than the step may wait', async () => {
    await using bed = await newBed(aws, machineArn);
    await bed.tracker.lease.replace(undefined, leaseRecord({ owner: 'process 1 on nas', termMs: 600_000 }));
    const execution = await bed.execution();
    const invocation = { ...bed.invocation(execution), clock: systemClock, remainingMs: () => 15_500 };
    const reply = await begin({ action: 'begin', input: {}, execution }, invocation);
    expect(reply).toMatchObject({ outcome: 'overlap', holder: 'process 1 on nas' });
  });

  test('a run takes the lease of an execution that does not exist', async () => {
    await using bed = await newBed(aws, machineArn);
    const [execution, forgotten] = [await bed.execution(), await bed.execution({ running: false })];
    await grant(bed.tracker, { owner: forgotten.arn, process: null });
    const reply = await begin({ action: 'begin', input: {}, execution }, bed.invocation(execution));
    expect(reply).toMatchObject({ outcome: 'granted' });
  });

  test('the archive and the tracker both record the lease, and the end of the run releases the lease in both', async () => {
    await using bed = await newBed(aws, machineArn);
    await using temp = await makeTempDir();
    const destination = openDisk(temp.path, { clock: bed.clock });
    await destination.initialise('archive-1');
    const earlier = leaseRecord({ fence: 6, released: true });
    await destination.lease.replace(undefined, earlier);
    const execution = await bed.execution({ running: false });
    const invocation = { ...bed.invocation(execution), destination };
    await begin({ action: 'begin', input: {}, execution }, invocation);
    const { record } = await bed.tracker.lease.read();
    expect(record).toMatchObject({ owner: execution.arn, fence: 7, released: false });
    expect((await destination.lease.read()).record).toEqual(record);
    await end({ action: 'end', input: {}, execution, error: { Error: 'States.Timeout', Cause: '' } }, invocation);
    for (const cell of [destination.lease, bed.tracker.lease])
      expect((await cell.read()).record).toEqual({ ...record, released: true });
    await destination.close();
  });
});

describe('the early end of a run', () => {
  const failed = { Error: 'States.Timeout', Cause: '' };
  const refused = { Error: 'CREDENTIALS_EXPIRED', Cause: 'the provider refuses the credentials' };

  test('the early end records the run, releases the lease, notifies, and gives the same reply when it is repeated', async () => {
    await using bed = await newBed(aws, machineArn);
    const { execution, invocation } = await begun(bed);
    await archive(bed, 'done');
    const request = { action: 'end', input: {}, execution, error: failed } as const;
    const reply = await end(request, invocation);
    expect(reply).toMatchObject({
      notify: true,
      error: { Error: expect.stringMatching(/^Cloud Sync: the run failed \(States\.Timeout\)/) },
    });
    expect(reply.error.Cause).toContain('1 file in the archive, 0 not archived.');
    expect(await lastRun(bed)).toMatchObject({
      outcome: 'failed',
      finished: { outcome: 'failed', error: { code: 'WORKER_LOST' } },
    });
    expect(bed.metrics).toEqual([['SyncFailures', 1]]);
    expect(await isLeaseFree(bed)).toBe(true);
    expect(await end(request, invocation)).toMatchObject({ notify: true, error: { Error: reply.error.Error } });
  });

  test('the early end of a run that lost its lease notifies, and leaves the lease and the record of the next run as they are', async () => {
    await using bed = await newBed(aws, machineArn);
    const { execution: late } = await begun(bed);
    const { execution } = await begun(bed);
    const before = await bed.tracker.lease.read();
    const reply = await end({ action: 'end', input: {}, execution: late, error: failed }, bed.invocation(late));
    expect(reply).toMatchObject({ notify: true, error: { Error: expect.stringContaining('the run failed') } });
    expect((await bed.tracker.lease.read()).record).toEqual(before.record);
    expect(await bed.tracker.runs(5)).toMatchObject([
      { id: execution.name, finishedAt: null },
      { id: late.name, finishedAt: null },
    ]);
  });

  test('an early end for expired credentials notifies once a week, and gives the same reply when it is repeated', async () => {
    await using bed = await newBed(aws, machineArn);
    const told: boolean[] = [];
    for (let night = 0; night < 9; night += 1) {
      const { execution, invocation } = await begun(bed);
      const request = { action: 'end', input: {}, execution, error: refused } as const;
      const { notify, error } = await end(request, invocation);
      expect(await end(request, invocation)).toEqual({ notify, error });
      if (notify) expect(error.Error).toContain(night === 0 ? 'refuses the credentials' : 'still refuses the credentials');
      told.push(notify);
      bed.clock.advance(dayMs);
    }
    expect(told).toEqual([true, false, false, false, false, false, false, true, false]);
    expect(await lastRun(bed)).toMatchObject({ outcome: 'expired', finished: { exitCode: 3 } });
    expect(bed.metrics).toEqual([]);
  });

  test.each([
    ['a wrong input', { provider: 'dropbox' }, { Error: 'USAGE', Cause: 'the input is wrong' }, /\(USAGE\)/],
    ['a table that is not there', {}, { Error: 'TRACKER_UNUSABLE', Cause: 'no table' }, /\(TRACKER_UNUSABLE\)/],
    ['expired credentials without a record of earlier notifications', {}, refused, /refuses the credentials/],
  ])('the early end of a run gives a reply in spite of %s', async (_name, input, error, subject) => {
    await using bed = await newBed(aws, machineArn);
    const execution = await bed.execution({ running: false });
    const gone = {
      ...bed.invocation(execution),
      openTracker: () =>
        openDynamoTracker({
          client: aws.dynamodb,
          table: 'nowhere',
          provider: 'gopro',
          archiveId: 'archive-1',
          clock: bed.clock,
        }),
    };
    const reply = await end({ action: 'end', input, execution, error }, gone);
    expect(reply).toMatchObject({ notify: true, error: { Error: expect.stringMatching(subject) } });
  });
});
