import { randomUUID } from 'node:crypto';
import { ScanCommand, TransactionCanceledException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createTrackerTable } from '../support/tracker-table.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  archive,
  claimed,
  grant,
  idOf,
  listAll,
  mediumStatus,
  resolve,
  statusOf,
  upload,
  usual,
  whole,
} from '../conformance/tracker/fixtures.ts';
import { collect, each } from '../support/collect.ts';
import { described, medium, original } from '../support/builders.ts';
import { beforeFirst, countCalls, failFirst, leaveUnprocessed } from './support/disturbed.ts';
import { useEmulator } from './support/hooks.ts';

/** An error as the service sends it when it receives too many requests. */
function throttle(): Error {
  const error = new Error('Rate exceeded');
  return Object.assign(error, {
    name: 'ProvisionedThroughputExceededException',
    $metadata: {},
    $retryable: { throttling: true },
  });
}

/** An error as the SDK throws it when the network breaks before the reply arrives. */
function lostReply(): Error {
  return Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
}

function conflict(): Error {
  const CancellationReasons = [{ Code: 'None' }, { Code: 'TransactionConflict' }];
  return new TransactionCanceledException({ message: 'conflict', $metadata: {}, CancellationReasons });
}

async function hundred(tracker: Tracker, runId: string) {
  return tracker.recordPage(
    Array.from({ length: 100 }, (_, index) => medium(`m${index}`)),
    runId,
  );
}

const name = inject('dynamodb');

describe(`a table of ${name}`, () => {
  const { endpoint, newClient } = useEmulator(name);
  let table: string;

  beforeEach(async () => {
    table = `tracker-${randomUUID()}`;
    await createTrackerTable(newClient(), table);
  });

  function open(
    client = newClient(),
    fields: { readonly archiveId?: string; readonly table?: string; readonly account?: string } = {},
  ) {
    return openDynamoTracker({ client, table, provider: 'gopro', archiveId: 'archive-1', clock: systemClock, ...fields });
  }

  async function scan(): Promise<Record<string, unknown>[]> {
    const { Items, LastEvaluatedKey } = await newClient().send(new ScanCommand({ TableName: table }));
    expect(LastEvaluatedKey).toBeUndefined();
    return Items ?? [];
  }

  test('a table belongs to one archive', async () => {
    await open();
    await expect(open(newClient(), { archiveId: 'archive-2' })).rejects.toMatchObject({
      code: 'TRACKER_UNUSABLE',
      exitCode: 2,
      hint: expect.any(String),
    });
    expect((await open()).archiveId).toBe('archive-1');
  });

  test('the error for a missing table names the table and gives a hint', async () => {
    await expect(open(newClient(), { table: 'nowhere' })).rejects.toMatchObject({
      code: 'TRACKER_UNUSABLE',
      message: expect.stringContaining('nowhere'),
      hint: expect.stringContaining('AWS_REGION'),
    });
  });

  test('a table is found by its endpoint and region, and an error names a table that cannot be reached', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'cloudsynctests');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not-a-secret-only-for-loopback');
    const fields = { table, provider: 'gopro', archiveId: 'archive-1', clock: systemClock } as const;
    const region = 'us-east-1';
    const tracker = await openDynamoTracker({ ...fields, client: { endpoint: endpoint(), region } });
    expect(await tracker.needsAdoption()).toBe(true);
    await tracker.close();
    await expect(openDynamoTracker({ ...fields, client: { endpoint: 'http://127.0.0.1:1', region } })).rejects.toMatchObject({
      code: 'TRACKER_UNUSABLE',
      hint: expect.stringContaining('endpoint'),
    });
    vi.unstubAllEnvs();
  });

  test('two accounts have separate ledgers in one table, but no two of their files can have the same archive key', async () => {
    const [anna, ben] = [await open(newClient(), { account: 'anna' }), await open(newClient(), { account: 'ben' })];
    expect(await anna.adopt(each([described(original('m1')), described(original('m2', { account: 'ben' }))]))).toBe(1);
    expect(await ben.needsAdoption()).toBe(true);
    expect(await collect(ben.rows())).toEqual([]);
    expect(await ben.keyTaken(original('m1').key.toUpperCase())).toBe(true);
  });

  test('a page of a hundred media costs few requests, and an unchanged page writes one row', async () => {
    const client = newClient();
    const tracker = await open(client);
    const calls = countCalls(client);
    expect(await hundred(tracker, 'r1')).toEqual({ added: 100, changed: 0, unchanged: 0 });
    const first = { BatchGetItemCommand: 2, TransactWriteItemsCommand: 1, GetItemCommand: 1, PutItemCommand: 1 };
    expect(Object.fromEntries(calls)).toEqual(first);
    const before = (await scan()).length;
    expect(await hundred(tracker, 'r2')).toEqual({ added: 0, changed: 0, unchanged: 100 });
    expect(Object.fromEntries(calls)).toEqual({ ...first, BatchGetItemCommand: 4, GetItemCommand: 2, PutItemCommand: 2 });
    expect(await scan()).toHaveLength(before + 1);
  });

  test('a listing that another process continues still knows the media of its earlier pages', async () => {
    await hundred(await open(), 'r1');
    await (await open()).recordPage([medium('m7')], 'r2');
    await (await open()).recordPage([medium('m8')], 'r2');
    const last = await open();
    expect(await last.finishListing({ account: 'anna', runId: 'r2', complete: true, listed: 2 })).toBe(98);
    expect([await mediumStatus(last, 'm7'), await mediumStatus(last, 'm9')]).toEqual(['LISTED', 'SOURCE_DELETED']);
  });

  test('a burst of 3,032 frames is resolved, vanishes and comes back', async () => {
    const tracker = await open();
    const frames = Array.from({ length: 3032 }, (_, index) => original('burst', { itemNumber: index + 1 }));
    expect(await resolve(tracker, 'burst', frames)).toHaveLength(3032);
    expect(await resolve(tracker, 'burst', frames)).toHaveLength(3032);
    expect(await listAll(tracker, 'r2', [])).toBe(1);
    expect((await tracker.tally(usual)).originals.SOURCE_DELETED).toBe(3032);
    await tracker.recordPage([medium('burst')], 'r3');
    expect((await tracker.tally(usual)).originals.PENDING).toBe(3032);
  });

  test('if two media want the same key at the same time, only one of them gets the key', async () => {
    const tracker = await open();
    const results = await Promise.allSettled(
      ['m1', 'm2'].map(async (id) => resolve(tracker, id, [original(id, { key: `Same/${id === 'm1' ? 'A' : 'a'}.mp4` })])),
    );
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'KEY_TAKEN' });
  });

  test('9,000 parts are saved, fifty at a time, and dropped when the file is complete', async () => {
    const tracker = await open();
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    const parts = Array.from({ length: 9000 }, (_, index) => ({
      number: index + 1,
      sizeBytes: 16_777_216,
      crc32: 0xff_ff_ff_ff - index,
      receipt: `"${String(index).padStart(32, '0')}"`,
    }));
    for (let first = 0; first < parts.length; first += 50)
      await Promise.all(parts.slice(first, first + 50).map((part) => tracker.savePart(claim, part)));
    expect((await tracker.upload(claim.id))?.parts).toEqual(parts);
    const before = (await scan()).length;
    await tracker.complete(claim, whole);
    expect(before - (await scan()).length).toBe(Math.ceil(9000 / 16));
  });

  test('only rows of runs expire', async () => {
    const tracker = await open();
    await tracker.beginRun('r1', 'sync');
    await grant(tracker);
    await tracker.setFact('mode', 'cookie');
    await archive(tracker, 'm1');
    await listAll(tracker, 'r1', [medium('m1')]);
    await tracker.adopt(each([]));
    const rows = await scan();
    const expiring = rows.filter((row) => row['expires_at']).map((row) => (row['media_id'] as { S: string }).S.split('#')[0]);
    expect(new Set(expiring)).toEqual(new Set(['RUN']));
    expect(rows.length - expiring.length).toBeGreaterThanOrEqual(6);
  });

  test('if all files of a library are archived, its index has no rows', async () => {
    const tracker = await open();
    await archive(tracker, 'm1');
    expect((await scan()).filter((row) => row['provider_status'])).toEqual([]);
    await tracker.setMark(idOf(original('m1')), 'MISSING');
    expect((await scan()).flatMap((row) => row['provider_status'] ?? [])).toEqual([{ S: 'gopro#MISSING' }]);
  });

  test('throttled and conflicting requests are tried again', async () => {
    const client = newClient();
    const tracker = await open(client);
    const puts = failFirst(client, 'PutItemCommand', { times: 2, when: 'before', error: throttle });
    const transactions = failFirst(client, 'TransactWriteItemsCommand', { times: 2, when: 'before', error: conflict });
    const unprocessed = leaveUnprocessed(client, table);
    await hundred(tracker, 'r1');
    expect((await hundred(tracker, 'r1')).unchanged).toBe(100);
    await archive(tracker, 'm1');
    expect([puts.left(), transactions.left(), unprocessed.done()]).toEqual([0, 0, true]);
    expect(await tracker.tally(usual)).toMatchObject({ mediaComplete: 1, media: { LISTED: 99 } });
  });

  test('a claim is lost if a program that ignores our locks takes over the original at the last moment', async () => {
    const client = newClient();
    const tracker = await open(client);
    await resolve(tracker, 'm1', [original('m1')]);
    const claim = await claimed(tracker, original('m1'));
    const takeOver = new UpdateItemCommand({
      TableName: table,
      Key: { provider: { S: 'gopro' }, media_id: { S: claim.id } },
      UpdateExpression: 'SET attempt = attempt + :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
    beforeFirst(client, 'PutItemCommand', async () => newClient().send(takeOver));
    await expect(tracker.complete(claim, whole)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await statusOf(tracker, original('m1'))).toBe('IN_PROGRESS');
  });

  test('a write whose reply was lost succeeds and does not report a lost lease', async () => {
    const client = newClient();
    const tracker = await open(client);
    await resolve(tracker, 'm1', [original('m1')]);
    const claim = await claimed(tracker, original('m1'));
    const lost = failFirst(client, 'PutItemCommand', { times: 1, when: 'after', error: lostReply });
    await tracker.complete(claim, whole);
    expect(lost.left()).toBe(0);
    expect(await statusOf(tracker, original('m1'))).toBe('COMPLETED');
  });
});
