import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { leaseRecord } from '../../../test/support/builders.ts';
import { manualClock } from '../../../test/support/manual-clock.ts';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { openDisk } from '../../destination/disk/index.ts';
import { openSqliteTracker } from '../../tracker/sqlite/index.ts';
import { joinArchive, judgeExecution } from './execution-lease.ts';

const holder = 'arn:aws:states:eu-west-3:123456789012:execution:gopro-sync-orchestrator:night-1';

interface Answer {
  readonly status?: number;
  readonly body: object;
}

let closing: (() => Promise<unknown>) | undefined;

afterEach(async () => {
  await closing?.();
  closing = undefined;
});

const deadline = '2026-11-21T14:45:00.000Z';

/**
 * Judges a holder. A fake Step Functions gives the same answer to every request. Returns the
 * verdict, the requests and the warnings.
 */
async function ask(answer: Answer, owner: string, storeTimeMs: number | null = Date.parse(deadline)) {
  const asked: string[] = [];
  const unanswered: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => asked.push(`${request.headers.authorization?.split('/')[2]} ${chunk.toString()}`));
    request.on('end', () => {
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing = async () => new Promise((resolve) => server.close(resolve));
  const record = leaseRecord({ owner, process: null, deadline: owner === holder ? deadline : null });
  const verdict = await judgeExecution(
    record,
    { record, storeTimeMs },
    {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'TESTKEY', secretAccessKey: 'not-a-secret' },
      maxAttempts: 1,
      onUnanswered: (about, reason) => unanswered.push(`${about}: ${reason}`),
    },
  );
  return { verdict, asked, unanswered };
}

describe('the holder of a lease', () => {
  test.each([
    ['RUNNING', 'running'],
    ['SUCCEEDED', 'ended'],
    ['FAILED', 'ended'],
    ['TIMED_OUT', 'ended'],
    ['ABORTED', 'ended'],
  ])('a holder whose execution has the status %s is %s', async (status, verdict) => {
    const found = await ask({ body: { executionArn: holder, status } }, holder);
    expect(found).toEqual({ verdict, asked: [`eu-west-3 {"executionArn":"${holder}"}`], unanswered: [] });
  });

  test('a holder has ended if AWS does not know its execution', async () => {
    const body = { __type: 'com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist', message: 'no' };
    expect(await ask({ status: 400, body }, holder)).toMatchObject({ verdict: 'ended', unanswered: [] });
  });

  const hourMs = 3_600_000;
  test.each([
    ['before the deadline', Date.parse(deadline) - 1, 'running'],
    ['an hour after the deadline', Date.parse(deadline) + hourMs, 'running'],
    ['more than an hour after the deadline', Date.parse(deadline) + hourMs + 1000, 'ended'],
    ['unknown', null, 'running'],
  ])('if AWS gives no status and the time of the store is %s, a holder counts as %s', async (_when, storeTimeMs, verdict) => {
    const body = { __type: 'AccessDeniedException', message: 'not yours' };
    const found = await ask({ status: 400, body }, holder, storeTimeMs);
    expect(found).toMatchObject({ verdict, unanswered: [`${holder}: not yours`] });
  });

  test.each(['process 7 on nas', 'arn:aws:s3:::bucket', '', `${holder}:7`])(
    'AWS is not asked about the holder %s, because it is not an execution',
    async (other) => {
      expect(await ask({ body: { status: 'FAILED' } }, other)).toEqual({ verdict: 'unproven', asked: [], unanswered: [] });
    },
  );
});

/** An archive and its tracker. Both hold the lease of an execution. */
async function openHeld() {
  const temp = await makeTempDir();
  const clock = manualClock();
  const destination = openDisk(join(temp.path, 'archive'), { clock });
  await destination.initialise('archive-1');
  const tracker = await openSqliteTracker({ path: join(temp.path, 'tracker.db'), archiveId: 'archive-1', clock });
  const record = leaseRecord({ owner: holder, process: null, deadline });
  for (const cell of [destination.lease, tracker.lease]) await cell.replace(undefined, record);
  return {
    destination,
    clock,
    join: async () => joinArchive({ destination, tracker }, { arn: holder, name: 'night-1', started_at: deadline }, clock),
    /** Takes the lease as a run that has another tracker. */
    takeOver: async () => destination.lease.replace(record, leaseRecord({ owner: 'process 7 on nas', fence: 2 })),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([destination.close(), tracker.close()]);
      await temp[Symbol.asyncDispose]();
    },
  };
}

describe('an archive that a function of an execution joins', () => {
  const lost = { code: 'LEASE_LOST', message: expect.stringContaining('process 7 on nas') };

  test('the function stops if a run with another tracker takes the lease of the archive', async () => {
    await using scene = await openHeld();
    await using joined = await scene.join();
    await joined.destination.sweep(new Set());
    await scene.takeOver();
    scene.clock.advance(20_001);
    await expect(joined.destination.sweep(new Set())).rejects.toMatchObject(lost);
    expect(joined.lost.reason).toMatchObject(lost);
  });

  test('the function does not join if a run with another tracker has the lease of the archive', async () => {
    await using scene = await openHeld();
    await scene.takeOver();
    await expect(scene.join()).rejects.toMatchObject(lost);
  });
});
