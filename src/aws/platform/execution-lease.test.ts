import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { executionChecks, leaseLeftMs } from './execution-lease.ts';

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

/**
 * Checks whether a holder is dead. A fake Step Functions gives the same answer to every request.
 * Returns the result, the requests and the warnings.
 */
async function ask(answer: Answer, about: string) {
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
  const isDead = executionChecks({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'TESTKEY', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
    onUnanswered: (about, reason) => unanswered.push(`${about}: ${reason}`),
  });
  return { dead: await isDead(about), asked, unanswered };
}

describe('the holder of a run lease', () => {
  test.each([
    ['RUNNING', false],
    ['SUCCEEDED', true],
    ['FAILED', true],
    ['TIMED_OUT', true],
    ['ABORTED', true],
  ])('a holder whose execution has the status %s is dead: %s', async (status, dead) => {
    const found = await ask({ body: { executionArn: holder, status } }, holder);
    expect(found).toEqual({ dead, asked: [`eu-west-3 {"executionArn":"${holder}"}`], unanswered: [] });
  });

  test('a holder is dead if AWS does not know its execution', async () => {
    const body = { __type: 'com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist', message: 'no' };
    expect(await ask({ status: 400, body }, holder)).toMatchObject({ dead: true, unanswered: [] });
  });

  test('a holder counts as alive, with a warning, if AWS does not tell its status', async () => {
    const body = { __type: 'AccessDeniedException', message: 'not yours' };
    expect(await ask({ status: 400, body }, holder)).toMatchObject({ dead: false, unanswered: [`${holder}: not yours`] });
  });

  test.each(['{"host":"nas","pid":7}', 'arn:aws:s3:::bucket', '', `${holder}:7`])(
    'AWS is not asked about the holder %s, because it is not an execution',
    async (other) => {
      expect(await ask({ body: { status: 'FAILED' } }, other)).toEqual({ dead: false, asked: [], unanswered: [] });
    },
  );
});

test('the run lease lasts until the machine stops the run, and no longer', () => {
  const startedAt = '2026-11-21T03:15:00.000Z';
  const hourMs = 3_600_000;
  expect(leaseLeftMs(startedAt, Date.parse(startedAt))).toBe(12 * hourMs);
  expect(leaseLeftMs(startedAt, Date.parse(startedAt) + 2 * hourMs)).toBe(10 * hourMs);
  expect(leaseLeftMs(startedAt, Date.parse(startedAt) + 13 * hourMs)).toBe(0);
});
