import { describe, expect, test } from 'vitest';
import type { Execution, RequestOf, StateError } from '../../src/aws/contract.ts';
import { serialise } from '../../src/aws/functions/media-lister/listing-state.ts';
import { end } from '../../src/aws/functions/run-manager/end.ts';
import { recordWorkerFailure } from '../../src/aws/functions/run-manager/record-worker-failure.ts';
import { summarise } from '../../src/aws/functions/run-manager/summarise.ts';
import { writeStopped } from '../../src/aws/run-stopped.ts';
import { runFiles } from '../../src/aws/names.ts';
import { SyncError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import type { Listing } from '../../src/run/listing.ts';
import { claimed, dayMs, failure, hourMs, idOf, resolve, whole } from '../conformance/tracker/fixtures.ts';
import { medium, original } from '../support/builders.ts';
import type { Aws } from './support/aws.ts';
import { useAws } from './support/hooks.ts';
import { archive, begun, isLeaseFree, lastRun, newBed, release, statuses, type Bed } from './support/run-bed.ts';

/** Tests of what a run records about failed work lines, and of its summary, with a real tracker. */

let aws: Aws;

useAws((started) => void (aws = started));

const media = ['listed', 'open', 'ours', 'theirs', 'archived', 'broken', 'waits'] as const;
const timedOut: StateError = { Error: 'Sandbox.Timedout', Cause: '{"errorMessage":"Task timed out after 900.00 seconds"}' };

/** Prepares a work line whose worker was killed while it worked on the medium `ours`. */
async function brokenLine(bed: Bed, execution: Execution) {
  const owner = `${execution.arn}-child`;
  const { tracker } = bed;
  await tracker.recordPage(
    [...media.filter((id) => id !== 'waits').map((id) => medium(id)), medium('waits', { ready: false })],
    'r1',
  );
  for (const id of ['open', 'ours', 'theirs', 'broken']) await resolve(tracker, id, [original(id)]);
  await archive(bed, 'archived');
  await claimed(tracker, original('ours'), owner);
  await tracker.claim(idOf(original('theirs')), 'another worker', hourMs);
  await tracker.fail(await claimed(tracker, original('broken'), owner), failure);
  return { action: 'mark-failed', provider: 'gopro', line: { line: 1, media: [...media, 'unknown'] }, owner, execution } as const;
}

const atFirst = {
  listed: 'LISTED',
  open: 'RESOLVED PENDING',
  ours: 'RESOLVED IN_PROGRESS',
  theirs: 'RESOLVED IN_PROGRESS',
  archived: 'RESOLVED COMPLETED',
  broken: 'RESOLVED FAILED',
  waits: 'WAITING',
};

describe('a work line that failed', () => {
  test('a failed work line fails only the original that its killed worker had claimed, and a repeated step changes nothing', async () => {
    await using bed = await newBed(aws, '');
    const { execution, invocation } = await begun(bed);
    const line = await brokenLine(bed, execution);
    const request = { ...line, error: timedOut };
    const reply = await recordWorkerFailure(request, invocation);
    expect(reply).toEqual({
      outcome: 'failed',
      media: ['ours', 'broken'],
      quarantined: 0,
      error: { Error: 'Sandbox.Timedout', Cause: expect.stringContaining('Task timed out after 900.00 seconds') },
    });
    const marked = { ...atFirst, ours: 'RESOLVED FAILED' };
    expect(await statuses(bed.tracker)).toEqual(marked);
    const [ours] = await bed.tracker.originals('ours');
    expect(ours).toMatchObject({ failedRuns: 1, reason: expect.stringContaining('did not finish in its time') });
    expect((await bed.tracker.originals('broken'))[0]).toMatchObject({ failedRuns: 1, reason: failure.reason });

    expect(await recordWorkerFailure(request, invocation)).toEqual(reply);
    expect(await statuses(bed.tracker)).toEqual(marked);
  });

  test('a medium that kills its worker three nights in a row is quarantined, and a repeated step does not count again', async () => {
    await using bed = await newBed(aws, '');
    await bed.tracker.recordPage([medium('poison')], 'r1');
    const outcomes: string[] = [];
    for (let night = 0; night < 3; night += 1) {
      const { execution, invocation } = await begun(bed);
      const line = { line: 1, media: ['poison'] };
      const request = { action: 'mark-failed', provider: 'gopro', line, owner: 'child', execution, error: timedOut } as const;
      const reply = await recordWorkerFailure(request, invocation);
      expect(await recordWorkerFailure(request, invocation)).toEqual(reply);
      outcomes.push(`${reply.outcome} ${reply.quarantined}`);
      await release(bed);
      bed.clock.advance(dayMs);
    }
    expect(outcomes).toEqual(['failed 0', 'failed 0', 'quarantined 1']);
  });

  test('if the worker of a failed work line replied, the step changes no record and returns the error of the worker', async () => {
    await using bed = await newBed(aws, '');
    const { execution, invocation } = await begun(bed);
    const line = await brokenLine(bed, execution);
    const error = { Error: 'STALLED', Cause: 'a file: no byte for 30 s' };
    expect(await recordWorkerFailure({ ...line, error }, invocation)).toEqual({
      outcome: 'failed',
      media: ['broken'],
      quarantined: 0,
      error,
    });
    expect(await statuses(bed.tracker)).toEqual(atFirst);
  });

  test('a medium is quarantined at the limit of failures, and only the run that reaches the limit counts the quarantine', async () => {
    await using bed = await newBed(aws, '');
    const { execution } = await begun(bed);
    const line = await brokenLine(bed, execution);
    const request = { ...line, error: timedOut };
    const impatient = bed.invocation(execution, { CLOUD_SYNC_QUARANTINE_AFTER: '1' });
    const reply = await recordWorkerFailure(request, impatient);
    expect(reply).toMatchObject({ outcome: 'quarantined', media: ['ours', 'broken'], quarantined: 1 });
    expect(await statuses(bed.tracker)).toMatchObject({
      listed: 'LISTED',
      ours: 'RESOLVED QUARANTINED',
      broken: 'RESOLVED FAILED',
    });
    expect(await recordWorkerFailure(request, impatient)).toEqual(reply);

    bed.clock.advance(dayMs);
    const { execution: next } = await begun(bed);
    const again = { ...request, execution: next, error: { Error: 'STALLED', Cause: '' } };
    expect(await recordWorkerFailure(again, bed.invocation(next))).toMatchObject({ outcome: 'failed', quarantined: 0 });
  });

  test('a failed work line with long ids and a long cause has a small reply', async () => {
    await using bed = await newBed(aws, '');
    const { execution, invocation } = await begun(bed);
    const ids = Array.from({ length: 25 }, (_, index) => `${'é'.repeat(30)}${index}`);
    await bed.tracker.recordPage(
      ids.map((id) => medium(id)),
      'r1',
    );
    const line = { line: 7, media: ids };
    const error = { Error: 'Lambda.Unknown', Cause: 'é'.repeat(5_000) };
    const reply = await recordWorkerFailure(
      { action: 'mark-failed', provider: 'gopro', line, owner: 'child', execution, error },
      invocation,
    );
    expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(1_800);
    expect(reply.media.length).toBeGreaterThan(5);
    expect(Object.values(await statuses(bed.tracker))).toEqual(ids.map(() => 'FAILED'));
  });
});

const quiet: Listing = { mode: 'quick', listed: 2, added: 1, changed: 0, gone: 0, contradiction: null };

interface SummaryOptions {
  readonly listing?: Listing;
  readonly recovered?: number;
  /** Receives the events of the summary. */
  readonly events?: Event[];
}

/** Ends the listing of a run, and asks for its summary. */
async function summary(bed: Bed, execution: Execution, options: Partial<RequestOf<'GenerateSummary'>> & SummaryOptions = {}) {
  const { listing = quiet, recovered = 0, events = [], ...more } = options;
  const invocation = { ...bed.invocation(execution), report: (event: Event) => void events.push(event) };
  await invocation.runs.write(runFiles.listing, serialise({ progress: null, listing, recovered }));
  const counts = { total_found: 2, new_count: 1, cookie_age_days: 1 };
  return summarise({ action: 'summarise', execution, ...counts, ...more, provider: 'gopro' }, invocation);
}

describe('the summary of a run', () => {
  test('the summary is counted from the ledger and recorded, and the run lease is released', async () => {
    await using bed = await newBed(aws, '');
    await archive(bed, 'old', 5_000);
    bed.clock.advance(dayMs);
    const { execution } = await begun(bed);
    await archive(bed, 'new', 7_000);
    const reply = await summary(bed, execution);
    expect(reply).toEqual({
      outcome: 'clean',
      subject: '',
      message: '',
      archived_files: 1,
      failed_files: 0,
      error: { Error: '', Cause: '' },
    });
    expect(await lastRun(bed)).toMatchObject({
      outcome: 'clean',
      finished: {
        runId: execution.name,
        exitCode: 0,
        media: { listed: 2, added: 1, complete: 2 },
        files: { archived: 1, skipped: 1, failed: 0, pending: 0 },
        bytes: { archived: 7_000 },
      },
    });
    expect(bed.metrics).toEqual([
      ['VideosSynced', 1],
      ['VideosProven', 0],
      ['SyncFailures', 0],
      ['DisputedFiles', 0],
    ]);
    expect(await isLeaseFree(bed)).toBe(true);
    expect(await summary(bed, execution)).toEqual(reply);
  });

  test('the summary names the failed files with the reason, and counts the files that the run did not reach', async () => {
    await using bed = await newBed(aws, '');
    const { execution } = await begun(bed);
    const request = await brokenLine(bed, execution);
    await recordWorkerFailure({ ...request, error: timedOut }, bed.invocation(execution));
    const reply = await summary(bed, execution);
    expect(reply).toMatchObject({ outcome: 'partial', archived_files: 1, failed_files: 2 });
    expect(reply.subject).toBe('Cloud Sync: 5 files not archived, 1 archived');
    expect(reply.message).toContain(
      '1 file archived (1 kB), 0 archived before, 2 failed, 3 not reached, 1 not ready at the provider.',
    );
    expect(reply.message).toContain(`${original('broken').key}: ${failure.reason}`);
    expect(reply.message).toContain('`cloud-sync aws failures`');
    expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(1_200);
    expect(await lastRun(bed)).toMatchObject({ outcome: 'partial', finished: { files: { failed: 2, pending: 3, waiting: 1 } } });
    expect(await isLeaseFree(bed)).toBe(true);
  });

  test('the summary counts a repaired file and a file of a killed run as archived, also if the run plans nothing', async () => {
    await using bed = await newBed(aws, '');
    await archive(bed, 'missing', 7_000);
    await bed.tracker.setMark(idOf(original('missing')), 'MISSING');
    bed.clock.advance(dayMs);
    const { execution } = await begun(bed);
    await bed.tracker.complete(await claimed(bed.tracker, original('missing')), { ...whole, sizeBytes: 7_000 });
    expect(await summary(bed, execution)).toMatchObject({ outcome: 'clean', archived_files: 1 });
    expect(await summary(bed, execution, { new_count: 0, recovered: 1 })).toMatchObject({ archived_files: 1 });
    expect(bed.metrics).toContainEqual(['VideosSynced', 1]);
    const files = { archived: 1, skipped: 0 };
    expect(await lastRun(bed)).toMatchObject({ outcome: 'clean', finished: { files, bytes: { archived: 7_000 } } });
  });

  test('the end of a run that failed counts the files that the run archived', async () => {
    await using bed = await newBed(aws, '');
    await archive(bed, 'old');
    bed.clock.advance(dayMs);
    const { execution, invocation } = await begun(bed);
    await archive(bed, 'new', 7_000);
    await invocation.runs.write(runFiles.listing, serialise({ progress: null, listing: quiet, recovered: 0 }));
    const error = { Error: 'DESTINATION_UNUSABLE', Cause: 'the bucket is gone' };
    const { error: notification } = await end({ action: 'end', input: {}, execution, error }, invocation);
    expect(notification.Cause).toContain('2 files in the archive');
    const finished = { files: { archived: 1, skipped: 1 }, bytes: { archived: 7_000 } };
    expect(await lastRun(bed)).toMatchObject({ outcome: 'failed', finished });
    expect(bed.metrics).toContainEqual(['VideosSynced', 1]);
  });

  test('an event names each lost file that nobody has accepted', async () => {
    await using bed = await newBed(aws, '');
    for (const id of ['lost', 'accepted']) await archive(bed, id);
    const { tracker } = bed;
    for (const id of ['lost', 'accepted']) await tracker.setMark(idOf(original(id)), 'MISSING');
    await tracker.finishListing({ account: medium('lost').account, runId: 'r2', complete: true, listed: 0 });
    await tracker.accept(['accepted']);
    const { execution } = await begun(bed);
    const events: Event[] = [];
    expect(await summary(bed, execution, { events })).toMatchObject({ outcome: 'partial', failed_files: 1 });
    const { key } = original('lost');
    expect(events.filter(({ type }) => type === 'file.lost')).toMatchObject([{ key, mark: 'MISSING', lastCopy: null }]);
  });

  test('the summary names a damaged file even if nothing else is broken and nothing was archived', async () => {
    await using bed = await newBed(aws, '');
    await archive(bed, 'old');
    bed.clock.advance(dayMs);
    const { execution } = await begun(bed);
    await bed.tracker.setMark(idOf(original('old')), 'DAMAGED');
    const reply = await summary(bed, execution);
    expect(reply).toMatchObject({ outcome: 'partial', archived_files: 0 });
    expect(reply.message).toContain(`${original('old').key}: the archived file is damaged`);
  });

  test('the summary counts the proofs of the run, and names the files that the run disputes', async () => {
    await using bed = await newBed(aws, '');
    const { execution } = await begun(bed);
    const claim = `s3-etag:${'ab'.repeat(16)}`;
    for (const id of ['proven', 'disputed'] as const) {
      await resolve(bed.tracker, id, [original(id)]);
      const evidence = { claim, proof: id, claimPartBytes: null };
      await bed.tracker.complete(await claimed(bed.tracker, original(id)), { ...whole, evidence });
    }
    const events: Event[] = [];
    const reply = await summary(bed, execution, { events });
    expect(reply).toMatchObject({ outcome: 'partial', archived_files: 2, failed_files: 0 });
    expect(reply.subject).toBe('Cloud Sync: 1 file disputed, 2 archived');
    expect(reply.message).toContain(`${original('disputed').key}: archived, but no match`);
    expect(events.filter(({ type }) => type === 'file.disputed')).toMatchObject([{ mediaId: 'disputed' }]);
    const files = { archived: 2, proven: 1, disputed: 1, failed: 0 };
    expect(await lastRun(bed)).toMatchObject({ outcome: 'partial', finished: { exitCode: 1, files } });
    expect(bed.metrics).toEqual(
      expect.arrayContaining([
        ['VideosProven', 1],
        ['DisputedFiles', 1],
      ]),
    );
    await bed.tracker.accept([original('disputed').key]);
    bed.metrics.length = 0;
    await summary(bed, execution);
    expect(bed.metrics).toContainEqual(['DisputedFiles', 0]);
  });

  test('the summary names a file that a killed run archived as disputed, once', async () => {
    await using bed = await newBed(aws, '');
    await begun(bed);
    await resolve(bed.tracker, 'disputed', [original('disputed')]);
    const evidence = { claim: `s3-etag:${'ab'.repeat(16)}`, proof: 'disputed', claimPartBytes: null } as const;
    await bed.tracker.complete(await claimed(bed.tracker, original('disputed')), { ...whole, evidence });
    await release(bed);
    bed.clock.advance(dayMs);
    const subjects: string[] = [];
    for (let night = 0; night < 2; night += 1) {
      const { execution } = await begun(bed);
      const reply = await summary(bed, execution);
      expect(await summary(bed, execution)).toEqual(reply);
      subjects.push(`${reply.outcome} ${reply.message.includes(original('disputed').key)}`);
      bed.clock.advance(dayMs);
    }
    expect(subjects).toEqual(['partial true', 'clean false']);
  });

  test('the summary names a file that a run archived as disputed before it ended early, once', async () => {
    await using bed = await newBed(aws, '');
    const early = await begun(bed);
    await resolve(bed.tracker, 'disputed', [original('disputed')]);
    const evidence = { claim: `s3-etag:${'ab'.repeat(16)}`, proof: 'disputed', claimPartBytes: null } as const;
    await bed.tracker.complete(await claimed(bed.tracker, original('disputed')), { ...whole, evidence });
    const error = { Error: 'CREDENTIALS_EXPIRED', Cause: '' };
    await end({ action: 'end', input: {}, execution: early.execution, error }, early.invocation);
    const named: string[] = [];
    for (let night = 0; night < 2; night += 1) {
      bed.clock.advance(dayMs);
      const { execution } = await begun(bed);
      const events: Event[] = [];
      const { outcome, message } = await summary(bed, execution, { events });
      const disputed = events.filter(({ type }) => type === 'file.disputed');
      named.push(`${outcome} ${message.includes(original('disputed').key)} ${disputed.length}`);
    }
    expect(named[0]).toBe('partial true 1');
    expect(named[1]).toMatch(/false 0$/);
  });

  test('the summary warns of old cookies once, and says when refused cookies work again', async () => {
    await using bed = await newBed(aws, '');
    const told: string[] = [];
    for (const [night, ageDays] of [4, 5, 6, 0.5].entries()) {
      if (night === 3) {
        const { execution, invocation } = await begun(bed);
        await end({ action: 'end', input: {}, execution, error: { Error: 'CREDENTIALS_EXPIRED', Cause: '' } }, invocation);
      }
      const { execution } = await begun(bed);
      const reply = await summary(bed, execution, { cookie_age_days: ageDays });
      expect(await summary(bed, execution, { cookie_age_days: ageDays })).toEqual(reply);
      told.push(`${reply.outcome} ${reply.subject}`.trim());
      bed.clock.advance(dayMs);
    }
    expect(told).toEqual([
      'clean',
      'notice Cloud Sync: the GoPro cookies are 5 days old',
      'clean',
      'notice Cloud Sync: the GoPro credentials work again',
    ]);
  });

  test('if the listing contradicts itself, the summary fails the run, and the end of the run records the failure', async () => {
    await using bed = await newBed(aws, '');
    const { execution, invocation } = await begun(bed);
    await archive(bed, 'new');
    const contradiction = new SyncError('LISTING_UNTRUSTED', 'it says 3 media and shows 2', { hint: 'Compare them.' });
    const reply = await summary(bed, execution, { listing: { ...quiet, contradiction } });
    expect(reply).toMatchObject({ outcome: 'failed', subject: '', message: '', archived_files: 1 });
    expect(reply.error).toEqual({
      Error: 'LISTING_UNTRUSTED',
      Cause: expect.stringMatching(/^it says 3 media and shows 2\. Compare them\. 1 file archived/),
    });
    expect(await isLeaseFree(bed)).toBe(false);

    const notification = await end({ action: 'end', input: {}, execution, error: reply.error }, invocation);
    expect(notification).toMatchObject({ notify: true, error: { Cause: expect.stringContaining('1 file archived') } });
    expect(await lastRun(bed)).toMatchObject({ outcome: 'failed', finished: { exitCode: 5, files: { archived: 1 } } });
    expect(await isLeaseFree(bed)).toBe(true);
  });

  test('the summary reports expired credentials if they were refused in this run, not in an earlier run', async () => {
    await using bed = await newBed(aws, '');
    const { execution } = await begun(bed);
    await resolve(bed.tracker, 'open', [original('open')]);
    await writeStopped(bed.tracker, execution.name, { Error: 'TRACKER_UNUSABLE', Cause: 'the table is busy' });
    await writeStopped(bed.tracker, execution.name, {
      Error: 'CREDENTIALS_EXPIRED',
      Cause: 'the provider refuses the credentials',
    });
    await writeStopped(bed.tracker, execution.name, { Error: 'TRACKER_UNUSABLE', Cause: 'the table is busy' });
    expect(await summary(bed, execution)).toMatchObject({
      outcome: 'credentials-expired',
      failed_files: 0,
      error: { Error: 'CREDENTIALS_EXPIRED' },
    });
    expect(await lastRun(bed)).toMatchObject({ outcome: 'expired', finished: { exitCode: 3, files: { failed: 0, pending: 1 } } });

    await release(bed);
    const next = await begun(bed);
    await archive(bed, 'open');
    expect(await summary(bed, next.execution)).toMatchObject({ outcome: 'clean' });
  });

  test('a late summary and a late failure of a run that lost its lease change nothing', async () => {
    await using bed = await newBed(aws, '');
    const { execution: late } = await begun(bed);
    const request = { ...(await brokenLine(bed, late)), error: timedOut };
    await begun(bed);
    const before = await statuses(bed.tracker);
    await expect(recordWorkerFailure(request, bed.invocation(late))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(summary(bed, late)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await statuses(bed.tracker)).toEqual(before);
    expect(await bed.tracker.runs(5)).toMatchObject([{ finishedAt: null }, { finishedAt: null }]);
    expect(await isLeaseFree(bed)).toBe(false);
  });
});
