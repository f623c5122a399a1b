import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { archive, failure, grant, idOf, listAll, resolve } from '../conformance/tracker/fixtures.ts';
import { described, medium, original } from '../support/builders.ts';
import { each } from '../support/collect.ts';
import { createTrackerTable } from '../support/tracker-table.ts';
import { beforeFirst } from './support/disturbed.ts';
import { useEmulator } from './support/hooks.ts';

const name = inject('dynamodb');

describe(`the fence in the rows of ${name}`, () => {
  const { newClient } = useEmulator(name);
  let table: string;

  beforeEach(async () => {
    table = `tracker-${randomUUID()}`;
    await createTrackerTable(newClient(), table);
  });

  function open(client = newClient()) {
    return openDynamoTracker({ client, table, provider: 'gopro', archiveId: 'archive-1', clock: systemClock });
  }

  test('every row that a run writes carries the fence of its lease', async () => {
    const tracker = await open();
    for (let grants = 0; grants < 3; grants += 1) await grant(tracker);
    await tracker.beginRun('r1', 'sync');
    await archive(tracker, 'm1');
    await listAll(tracker, 'r1', [medium('m1')]);
    await tracker.setFact('mode', 'cookie');
    await tracker.adopt(each([described(original('m2'))]));
    await tracker.finishRun('r1', 'clean', '{}');
    const { Items = [] } = await newClient().send(new ScanCommand({ TableName: table }));
    const unfenced = Items.filter((row) => row['fence']?.N !== '3');
    expect(unfenced.map((row) => row['media_id']?.S)).toEqual(['ARCHIVE#']);
  });

  /** Writes of the earlier run that are under way when a later run gets the lease, by method. */
  const late: Readonly<Record<string, readonly [string, (tracker: Tracker) => Promise<unknown>]>> = {
    failMedium: ['PutItemCommand', async (tracker) => tracker.failMedium('m1', failure)],
    setMark: ['PutItemCommand', async (tracker) => tracker.setMark(idOf(original('m1')), 'DAMAGED')],
    vanish: ['TransactWriteItemsCommand', async (tracker) => tracker.vanish('m2', 'it answers 404')],
    recordPage: ['PutItemCommand', async (tracker) => tracker.recordPage([medium('m1', { type: 'Photo' })], 'r1')],
    finishListing: [
      'UpdateItemCommand',
      async (tracker) => tracker.finishListing({ account: 'anna', runId: 'r1', complete: false, listed: 99 }),
    ],
    setFact: ['PutItemCommand', async (tracker) => tracker.setFact('mode', 'late')],
  };
  test.each(Object.entries(late))(
    'a late `%s` of the earlier run fails if the later run has written the row meanwhile',
    async (_method, [command, write]) => {
      const client = newClient();
      const [tracker, next] = [await open(client), await open()];
      await grant(tracker);
      await archive(tracker, 'm1');
      await resolve(tracker, 'm2', [original('m2')]);
      beforeFirst(client, command, async () => {
        await grant(next);
        await next.setMediumStatus('m1', 'LISTED', 'the later run');
        await next.setMediumStatus('m2', 'WAITING', 'the later run');
        await next.setMark(idOf(original('m1')), 'MISSING');
        await next.finishListing({ account: 'anna', runId: 'r2', complete: false, listed: 2 });
        await next.setFact('mode', 'later');
      });
      await expect(write(tracker)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await next.medium('m1')).toMatchObject({ status: 'LISTED', reason: 'the later run', failedRuns: 0 });
      expect(await next.medium('m2')).toMatchObject({ status: 'WAITING', reason: 'the later run' });
      expect((await next.originals('m1'))[0]?.mark).toBe('MISSING');
      expect([await next.listingState('anna'), await next.getFact('mode')]).toEqual([{ lastFullAt: null, listed: 2 }, 'later']);
    },
  );

  test('a write to a row that a later run has written is refused, even if the row of the lease is lost', async () => {
    const [tracker, next] = [await open(), await open()];
    await grant(tracker);
    await resolve(tracker, 'm1', [original('m1')]);
    await grant(next);
    await next.failMedium('m1', failure);
    const Key = { provider: { S: 'gopro' }, media_id: { S: 'LEASE#run' } };
    await newClient().send(new DeleteItemCommand({ TableName: table, Key }));
    await expect(tracker.failMedium('m1', failure)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect((await next.medium('m1'))?.failedRuns).toBe(1);
  });
});
