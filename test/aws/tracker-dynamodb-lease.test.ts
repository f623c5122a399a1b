import { randomUUID } from 'node:crypto';
import {
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import { leaseConformance } from '../conformance/lease.ts';
import { leaseRecord } from '../support/builders.ts';
import { createTrackerTable } from '../support/tracker-table.ts';
import { beforeFirst, failFirst } from './support/disturbed.ts';
import { useEmulator } from './support/hooks.ts';

const name = inject('dynamodb');
const key = { provider: { S: 'gopro' }, media_id: { S: 'LEASE#run' } };
const holder = JSON.stringify({ host: 'another-machine', bootId: 'b', pid: 4711, processStart: '1', runId: 'r' });
const execution = 'arn:aws:states:eu-west-3:123456789012:execution:gopro-sync-orchestrator:night-1';

/** An error as the SDK throws it when the network breaks before the reply arrives. */
function lostReply(): Error {
  return Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
}

describe(`the row of a lease in ${name}`, () => {
  const { newClient } = useEmulator(name);
  let client: DynamoDBClient;

  beforeAll(() => {
    client = newClient();
  });

  async function update(TableName: string, attributes: Record<string, AttributeValue>): Promise<void> {
    const entries = Object.entries(attributes);
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: key,
        UpdateExpression: `SET ${entries.map(([attribute]) => `#${attribute} = :${attribute}`).join()}`,
        ExpressionAttributeNames: Object.fromEntries(entries.map(([attribute]) => [`#${attribute}`, attribute])),
        ExpressionAttributeValues: Object.fromEntries(entries.map(([attribute, value]) => [`:${attribute}`, value])),
      }),
    );
  }

  async function newTable() {
    const table = `tracker-${randomUUID()}`;
    await createTrackerTable(client, table);
    return {
      open: async (by = client) => {
        const options = { client: by, table, provider: 'gopro', archiveId: 'archive-1', clock: systemClock } as const;
        return (await openDynamoTracker(options)).lease;
      },
      row: async () => (await client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item,
      /** Writes the row of version 0.1. */
      writeTimed: async (owner: string, untilMs: number) => {
        const Item = { ...key, owner: { S: owner }, until_ms: { N: `${untilMs}` }, expires_at: { N: '4102444800' } };
        await client.send(new PutItemCommand({ TableName: table, Item }));
      },
      /** Updates the row as version 0.1 does. */
      setTimed: async (owner: string, untilMs: number) =>
        update(table, { owner: { S: owner }, until_ms: { N: `${untilMs}` }, expires_at: { N: '4102444800' } }),
      spoil: async () => update(table, { record: { S: '{"owner":"process 1 on' } }),
    };
  }

  leaseConformance('a DynamoDB table', async () => {
    const { open, spoil, writeTimed } = await newTable();
    return {
      open,
      spoil,
      writeFirstVersion: async (expiresAt) => writeTimed(holder, Date.parse(expiresAt)),
      [Symbol.asyncDispose]: async () => {},
    };
  });

  test('a row of version 0.1 names its execution and the deadline, and does not expire after a takeover', async () => {
    const { open, row, writeTimed } = await newTable();
    await writeTimed(execution, Date.parse('2026-03-01T12:00:00.000Z'));
    const cell = await open();
    const { record } = await cell.read();
    expect(record).toMatchObject({ owner: execution, deadline: '2026-03-01T12:00:00.000Z', fence: 0 });
    expect(await row()).toHaveProperty('expires_at');
    await cell.replace(record, leaseRecord());
    expect(Object.keys((await row())!).toSorted()).toEqual(['fence', 'media_id', 'owner', 'provider', 'record', 'until_ms']);
  });

  test('after a run of version 0.1 takes over the row, a read shows its renewals and the earlier fence', async () => {
    const { open, row, setTimed } = await newTable();
    const cell = await open();
    await cell.replace(undefined, leaseRecord({ owner: execution, fence: 7 }));
    expect(Number((await row())!['until_ms']!.N)).toBeGreaterThan(Date.parse('2200-01-01T00:00:00Z'));
    await setTimed(holder, 1_000);
    const { record } = await cell.read();
    expect(record).toMatchObject({ owner: 'process 4711 on another-machine', renewals: 1_000, process: null, fence: 7 });
    await setTimed(holder, 2_000);
    expect((await cell.read()).record).toMatchObject({ token: record!.token, renewals: 2_000 });
    expect(await cell.replace(record, leaseRecord())).toBe(false);
  });

  test('a read of the lease returns the time of the store', async () => {
    const { open } = await newTable();
    const { storeTimeMs } = await (await open()).read();
    expect(Math.abs(storeTimeMs! - Date.now())).toBeLessThan(5_000);
  });

  test('a write whose reply was lost counts as written, also if the call is repeated', async () => {
    const { open } = await newTable();
    const disturbed = newClient();
    const cell = await open(disturbed);
    const record = leaseRecord();
    const failures = failFirst(disturbed, 'PutItemCommand', { times: 1, when: 'after', error: lostReply });
    expect(await cell.replace(undefined, record)).toBe(true);
    expect(failures.left()).toBe(0);
    expect(await cell.replace(undefined, record)).toBe(true);
    expect(await cell.replace(undefined, leaseRecord())).toBe(false);
  });

  test('a contender that takes the lease between the read and the write wins', async () => {
    const { open } = await newTable();
    const [cell, other, slow] = [await open(), await open(), newClient()];
    const [record, next] = [leaseRecord(), leaseRecord({ fence: 2 })];
    await cell.replace(undefined, record);
    const late = await open(slow);
    beforeFirst(slow, 'PutItemCommand', async () => other.replace(record, next));
    expect(await late.replace(record, { ...record, renewals: 1 })).toBe(false);
    expect((await cell.read()).record).toEqual(next);
  });

  test('an unreadable record keeps its fence', async () => {
    const { open, spoil } = await newTable();
    const cell = await open();
    await cell.replace(undefined, leaseRecord({ fence: 7 }));
    await spoil();
    expect((await cell.read()).record).toMatchObject({ owner: 'an unknown run', fence: 7 });
  });
});
