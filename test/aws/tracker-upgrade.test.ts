import { randomUUID } from 'node:crypto';
import { PutItemCommand, ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { originalId } from '../../src/media.ts';
import { createTrackerTable } from '../support/tracker-table.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import { upgradeTests } from '../conformance/upgrade.ts';
import { keptAt, keptVersions, tableRows, type KeptVersion } from '../fixtures/kept.ts';
import { archivedOriginals, archiveId } from '../fixtures/library.ts';
import { manualClock } from '../support/manual-clock.ts';
import { useEmulator } from './support/hooks.ts';

const name = inject('dynamodb');

describe(`rows in ${name}`, () => {
  const { newClient } = useEmulator(name);
  let client: DynamoDBClient;

  beforeAll(() => {
    client = newClient();
  });

  /**
   * Makes a table with the rows of an earlier version. The rows never expire, because an emulator
   * would delete expired rows.
   */
  async function fillTable(version: KeptVersion): Promise<string> {
    const table = `tracker-${randomUUID()}`;
    await createTrackerTable(client, table);
    for (const { expires_at: _, ...Item } of await tableRows(version)) {
      await client.send(new PutItemCommand({ TableName: table, Item }));
    }
    return table;
  }

  describe.each(keptVersions)('of %s', (version) => {
    upgradeTests(version, async (clock) =>
      openDynamoTracker({ client, table: await fillTable(version), provider: 'gopro', archiveId, clock }),
    );

    test('rows with attributes of a newer version can be read, and a write keeps the attributes', async () => {
      const table = await fillTable(version);
      const rows = (await tableRows(version)).filter((row) => row['id']?.S === originalId(archivedOriginals.archived, 1));
      for (const { expires_at: _, ...row } of rows) {
        await client.send(new PutItemCommand({ TableName: table, Item: { ...row, notary: { S: 'them' } } }));
      }
      const tracker = await openDynamoTracker({ client, table, provider: 'gopro', archiveId, clock: manualClock(keptAt) });
      await tracker.setMark(originalId(archivedOriginals.archived, 1), 'MISSING');
      expect((await tracker.originals('archived'))[0]).toMatchObject({ status: 'COMPLETED', mark: 'MISSING' });
      const { Items = [] } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
      expect(Items.filter((row) => row['notary'] && row['mark'])).toHaveLength(1);
    });
  });
});
