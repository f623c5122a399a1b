import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, inject } from 'vitest';
import { createTrackerTable } from '../support/tracker-table.ts';
import { openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { type TrackerBed } from '../conformance/tracker/fixtures.ts';
import { manualClock } from '../support/manual-clock.ts';
import { trackerConformance } from '../conformance/tracker.ts';
import { useEmulator } from './support/hooks.ts';

const archiveId = 'archive-1';

const name = inject('dynamodb');

describe(name, () => {
  const { newClient } = useEmulator(name);
  let client: DynamoDBClient;

  beforeAll(() => {
    client = newClient();
  });

  /**
   * Opens a new table. The test's clock begins today, because emulators expire rows in real time.
   */
  async function newBed(): Promise<TrackerBed> {
    const table = `tracker-${randomUUID()}`;
    await createTrackerTable(client, table);
    const clock = manualClock();
    clock.advance(Date.now() - clock.now());
    const second = (): Promise<Tracker> => openDynamoTracker({ client, table, provider: 'gopro', archiveId, clock });
    const tracker = await second();
    return { tracker, archiveId, clock, second, dispose: () => tracker.close() };
  }

  trackerConformance('DynamoDB tracker', newBed);
});
