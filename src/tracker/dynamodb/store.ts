import { forEachLimited } from '../../lib/for-each.ts';
import { isoTime } from '../../lib/clock.ts';
import type { PlainMethods, Store, Unit } from '../ledger/store.ts';
import { putFenced } from './fence.ts';
import { archiveKey, factKey, type Key } from './keys.ts';
import { leaseCell, leaseKey } from './lease.ts';
import * as listing from './listing.ts';
import * as runs from './runs.ts';
import * as scans from './scans.ts';
import { getItem, rowKey, type Partition } from './table.ts';
import { inUnit } from './unit.ts';

/** The maximum number of units that run at the same time. */
const unitsAtOnce = 8;

/** A ledger's records in one partition of a table. */
export function dynamoStore(partition: Partition, close: PlainMethods['close']): Store {
  const { provider, account, clock } = partition;
  return {
    clock,
    plain: plainMethods(partition, close),
    owns: ({ description }) =>
      description?.original.provider === provider && (account === null || description.original.account === account),
    read: async (work) => inUnit(partition, work, 'read'),
    change: async (work) => inUnit(partition, work, 'change'),
    changeEach: async (ids, work) => inUnits(partition, ids, work),
    // Each file needs three rows (a medium, an original and a key), and a transaction writes at
    // most 100 rows.
    adoptedAtOnce: 33,

    scan: (options) => scans.scan(partition, options),
    openMedia: (roles) => scans.openMedia(partition, roles),
    inStatus: async (status, until) => scans.inStatus(partition, status, until),
    originalsWith: async (field) => scans.originalsWith(partition, field),

    unseen: async (ofAccount, runId) => scans.unseen(partition, ofAccount, runId),
    saveListing: async (ofAccount, state) => listing.saveListing(partition, ofAccount, state),
    lease: leaseCell(partition, rowKey(partition, leaseKey)),
    useFence: (fence) => {
      partition.fence.own = fence;
    },
    addRun: async (run, kept) => runs.addRun(partition, run, kept),
    setAdopted: async () => putFenced(partition, { ...adoptedKey(partition), adopted_at: isoTime(clock.now()) }),
  };
}

function plainMethods(partition: Partition, close: PlainMethods['close']): PlainMethods {
  const factRow = (name: string) => rowKey(partition, factKey(name));
  return {
    needsAdoption: async () => (await getItem(partition, adoptedKey(partition))) === undefined,
    finishRun: async (runId, outcome, summary) => runs.endRun(partition, runId, outcome, summary),
    runs: async (limit) => runs.readRuns(partition, limit),
    getFact: async (name) => (await getItem(partition, factRow(name)))?.['value']?.S,
    setFact: async (name, value) => putFenced(partition, { ...factRow(name), value }),
    listingState: async (ofAccount) => listing.listingState(partition, ofAccount),
    knownCount: async () => scans.knownCount(partition),
    keyTaken: async (key) => (await getItem(partition, archiveKey(key))) !== undefined,
    close,
  };
}

function adoptedKey(partition: Partition): Key {
  return rowKey(partition, 'ARCHIVE#adopted');
}

async function inUnits<Result>(
  partition: Partition,
  ids: readonly string[],
  work: (unit: Unit, id: string) => Result,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  await forEachLimited(
    ids,
    unitsAtOnce,
    async (id) => void results.push(await inUnit(partition, (unit) => work(unit, id), 'change')),
  );
  return results;
}
