import { createHash } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { forEachLimited } from '../../lib/for-each.ts';
import type { Medium } from '../../media.ts';
import { goneReason, listedAnew, seen } from '../rules/medium.ts';
import { newMedium, type MediumFields } from '../rules/medium-fields.ts';
import type { ListingState, PageChanges, Tracker } from '../tracker.ts';
import { listingKey, mediumKey } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { mediumItem, standing, type Group } from './rows.ts';
import { expiry } from './run-records.ts';
import { bringBack, groupOf, quarantineLongWaiting, unitsAtOnce, vanish } from './statuses.ts';
import { keyItem } from './store.ts';
import type { Unit } from './unit.ts';
import { toItem, type Item } from './values.ts';

/** Long enough for any run; a listing that takes longer begins anew. */
const seenDays = 7;

/**
 * What listings tell of the library. A medium that did not change is not written: which ones a run saw is remembered as one row per page with
 * the ids, under the run, so it survives a change of process between pages; a night of unchanged media costs one read and one write per page.
 * These rows go with their TTL.
 */
export function createListing(ledger: Ledger) {
  const { client, table } = ledger.store;

  async function recordMedium(unit: Unit, medium: Medium, runId: string): Promise<keyof PageChanges> {
    const row = await unit.medium(medium.id);
    if (!row) {
      unit.saveMedium({ ...newMedium(medium, ledger.now()), seen_run: runId });
      return 'added';
    }
    const shown = seen(row, medium, { runId, now: ledger.now() });
    if (shown.change === 'changed') bringBack(ledger, unit, await groupOf(unit, medium.id));
    if (shown.change === 'changed' || tellsMore(ledger, shown.row, row)) unit.saveMedium(shown.row);
    return shown.change;
  }

  async function recordSeen(page: readonly Medium[], runId: string): Promise<void> {
    const ids = [...new Set(page.map((medium) => medium.id))];
    const name = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 32);
    const row = { ...ledger.at(`${seenPrefix(runId)}${name}`), ids, expires_at: expiry(ledger, seenDays) };
    await client.send(new PutItemCommand({ TableName: table, Item: toItem(row) }));
  }

  async function readSeen(runId: string): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    const pages = ledger.store.pages({
      KeyConditionExpression: '#provider = :partition AND begins_with(media_id, :prefix)',
      ExpressionAttributeNames: { '#provider': 'provider' },
      ExpressionAttributeValues: toItem({ ':partition': ledger.partition, ':prefix': seenPrefix(runId) }),
    });
    for await (const page of pages) {
      for (const id of page.flatMap((item) => item['ids']?.L ?? [])) ids.add(id.S!);
    }
    return ids;
  }

  /** A medium is gone with whatever of it was not archived; one that is archived whole stays what it is. */
  async function disappear(unit: Unit, group: Group): Promise<void> {
    const { medium, originals } = group;
    const isArchived =
      medium.status === 'RESOLVED' &&
      standing(originals).every((original) => original.superseded || original.status === 'COMPLETED');
    const left = isArchived ? medium : await vanish(ledger, unit, group, goneReason);
    unit.saveMedium({ ...left, gone_since: ledger.now() });
  }

  /** Media that the run did not see, and those that were called deleted in an earlier run, yet the provider lists to the end. */
  async function findMissing(account: string, runId: string) {
    const ids = await readSeen(runId);
    const missing: { readonly unseen: string[]; readonly returned: string[] } = { unseen: [], returned: [] };
    for await (const { medium } of ledger.groups(['account', 'status', 'gone_since', 'deleted_run'])) {
      if (medium.account !== account || medium.gone_since !== null) continue;
      if (!ids.has(medium.id)) missing.unseen.push(medium.id);
      else if (medium.status === 'SOURCE_DELETED' && medium.deleted_run !== runId) missing.returned.push(medium.id);
    }
    return missing;
  }

  async function settleMissing(account: string, runId: string): Promise<number> {
    const { unseen, returned } = await findMissing(account, runId);
    await forEachLimited(unseen, unitsAtOnce, (id) => ledger.unit(async (unit) => disappear(unit, await groupOf(unit, id))));
    await forEachLimited(returned, unitsAtOnce, (id) =>
      ledger.unit(async (unit) => {
        const group = await groupOf(unit, id);
        bringBack(ledger, unit, group);
        unit.saveMedium(listedAnew(group.medium, ledger.now()));
      }),
    );
    return unseen.length;
  }

  async function writeState(account: string, listed: number, complete: boolean): Promise<void> {
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyItem(ledger.at(listingKey(account))),
        UpdateExpression: complete ? 'SET listed = :listed, last_full_at = :now' : 'SET listed = :listed',
        ExpressionAttributeValues: toItem({ ':listed': listed, ':now': complete ? ledger.now() : null }),
      }),
    );
  }

  return {
    recordPage: async (page: readonly Medium[], runId: string): Promise<PageChanges> => {
      if (page.length === 0) return { added: 0, changed: 0, unchanged: 0 };
      const changes = await ledger.unit(async (unit) => {
        await unit.preload(page.map((medium) => ledger.at(mediumKey(medium.id))));
        const counts = { added: 0, changed: 0, unchanged: 0 };
        for (const medium of page) counts[await recordMedium(unit, medium, runId)] += 1;
        return counts;
      });
      await recordSeen(page, runId);
      return changes;
    },

    listingState: async (account: string): Promise<ListingState> => {
      const state = await ledger.store.get(ledger.at(listingKey(account)));
      return { lastFullAt: state?.['last_full_at']?.S ?? null, listed: Number(state?.['listed']?.N ?? 0) };
    },

    knownCount: async (): Promise<number> => {
      let known = 0;
      for await (const { medium } of ledger.groups(['gone_since'])) known += medium.gone_since === null ? 1 : 0;
      return known;
    },

    /** The listing counts as ended only when all that it says is recorded. */
    finishListing: async ({ account, runId, complete, listed }: Parameters<Tracker['finishListing']>[0]): Promise<number> => {
      await quarantineLongWaiting(ledger);
      const gone = complete ? await settleMissing(account, runId) : 0;
      await writeState(account, listed, complete);
      return gone;
    },
  };
}

function seenPrefix(runId: string): string {
  return `RUN#seen#${encodeURIComponent(runId)}#`;
}

/** Whether a page tells anything that is not recorded; that another run sees the same is nothing new. */
function tellsMore(ledger: Ledger, next: MediumFields, row: MediumFields): boolean {
  if (row.seen_run === null) return true;
  const item = (fields: MediumFields): Item => mediumItem(ledger.partition, { ...fields, seen_run: null });
  return JSON.stringify(item(next)) !== JSON.stringify(item(row));
}
