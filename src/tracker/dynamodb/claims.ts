import type { Part, UploadState } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import { originalId, type Original, type OriginalStatus } from '../../media.ts';
import { toUpload } from '../rules/original-fields.ts';
import { claimed, completed, contentless, failed, held, intended, refuseOther, released, type Whole } from '../rules/original.ts';
import type { Claim, Failure, TrackedOriginal } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { dropParts, partsOf, savePart } from './parts.ts';
import { originalRow, tracked, type OriginalRow } from './rows.ts';
import { originalOf, unitsAtOnce } from './statuses.ts';
import { toItem } from './values.ts';

/** Work on one original at a time: claimed, uploaded, intended, and ended. */
export function createClaims(ledger: Ledger) {
  const { store } = ledger;

  async function read(id: string): Promise<OriginalRow | undefined> {
    return ledger.unit((unit) => unit.original(id));
  }

  /** Writes what `change` makes of a claimed original. Errors: LEASE_LOST. */
  async function write(claim: Claim, change: (row: OriginalRow) => OriginalRow): Promise<OriginalRow> {
    return ledger.unit(async (unit) => {
      const row = change(held(await originalOf(unit, claim.id), claim));
      unit.saveOriginal(row);
      return row;
    });
  }

  return {
    claim: async (id: string, owner: string, leaseMs: number): Promise<Claim | undefined> =>
      ledger.unit(async (unit) => {
        const row = await unit.original(id);
        const next = row && claimed(row, { owner, leaseMs, nowMs: ledger.nowMs(), now: ledger.now() });
        if (!next) return undefined;
        unit.saveOriginal(next);
        return { id, owner, attempt: next.attempt };
      }),

    renewClaims: async (owner: string, leaseMs: number): Promise<void> => {
      const ours = (await ledger.inStatus('IN_PROGRESS')).filter((found) => found.owner === owner);
      await forEachLimited(ours, unitsAtOnce, ({ id }) =>
        ledger.unit(async (unit) => {
          const row = await unit.original(id);
          const isOurs = row?.status === 'IN_PROGRESS' && row.owner === owner;
          if (isOurs) unit.saveOriginal({ ...row, lease_until_ms: ledger.nowMs() + leaseMs });
        }),
      );
    },

    release: async (claim: Claim): Promise<void> => void (await write(claim, (row) => released(row, ledger.now()))),

    saveUpload: async (claim: Claim, upload: UploadState | null): Promise<void> => {
      const row = await write(claim, (before) => ({
        ...before,
        upload: upload && JSON.stringify(upload),
        upload_number: before.upload_number + 1,
      }));
      await dropParts(store, row);
    },

    savePart: async (claim: Claim, part: Part): Promise<void> => {
      const row = await ledger.unit((unit) => originalOf(unit, claim.id));
      await savePart(store, held(row, claim), part);
    },

    upload: async (id: string): Promise<{ readonly state: UploadState; readonly parts: readonly Part[] } | undefined> => {
      const row = await read(id);
      const state = row && toUpload(row);
      return state ? { state, parts: await partsOf(store, row) } : undefined;
    },

    /** Errors: KEY_TAKEN when the new key or revision is in use too. */
    rekey: async (claim: Claim, original: Original): Promise<{ readonly tracked: TrackedOriginal; readonly claim: Claim }> => {
      const { before, after } = await ledger.unit(async (unit) => {
        const row = held(await originalOf(unit, claim.id), claim);
        refuseOther(row, original);
        const { revision, key } = original;
        const next = { ...row, ...contentless, id: originalId(original, revision), revision, key };
        // First it gives its own key back, which may be the same but for letter case.
        await unit.dropOriginal(row);
        const isTaken = (await unit.isKeyTaken(key)) || (await unit.original(next.id)) !== undefined;
        if (isTaken) throw new SyncError('KEY_TAKEN', `${key} belongs to another original`);
        unit.addOriginal(next);
        return { before: row, after: next };
      });
      await dropParts(store, { ...before, upload: null });
      return { tracked: tracked(after), claim: { ...claim, id: after.id } };
    },

    recordIntent: async (claim: Claim, whole: Whole): Promise<void> => void (await write(claim, (row) => intended(row, whole))),

    intents: async (): Promise<readonly TrackedOriginal[]> => {
      const found: TrackedOriginal[] = [];
      const pages = store.pages({
        KeyConditionExpression: '#provider = :partition',
        FilterExpression: 'intent = :yes',
        ExpressionAttributeNames: { '#provider': 'provider' },
        ExpressionAttributeValues: toItem({ ':partition': ledger.partition, ':yes': 1 }),
      });
      for await (const page of pages) found.push(...page.map((item) => tracked(originalRow(item))));
      return found;
    },

    complete: async (claim: Claim, whole: Whole): Promise<void> => {
      const row = await write(claim, (before) => completed(before, whole, ledger.now()));
      await dropParts(store, row);
    },

    /** Again for one that is COMPLETED: no change. */
    completeIntent: async (id: string): Promise<void> => {
      const done = await ledger.unit(async (unit) => {
        const row = await originalOf(unit, id);
        if (row.status === 'COMPLETED') return row;
        const next = completed(row, undefined, ledger.now());
        unit.saveOriginal(next);
        return next;
      });
      await dropParts(store, done);
    },

    fail: async (claim: Claim, failure: Failure): Promise<OriginalStatus> =>
      (await write(claim, (row) => failed(row, failure, ledger.now()))).status,
  };
}
