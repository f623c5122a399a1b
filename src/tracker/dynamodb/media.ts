import { forEachLimited } from '../../lib/for-each.ts';
import { originalId, type MediumStatus, type Original } from '../../media.ts';
import { SyncError } from '../../errors.ts';
import { failedMedium, resolved, retriedMedium, told } from '../rules/medium.ts';
import { toTrackedMedium } from '../rules/medium-fields.ts';
import { retried } from '../rules/original.ts';
import type { Failure, TrackedMedium, TrackedOriginal, Tracker } from '../tracker.ts';
import { archiveKey } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { mediumOf as mediumOfOriginal, newOriginalRow, tracked, type Group } from './rows.ts';
import { bringBack, groupOf, mediumOf, unitsAtOnce, vanish } from './statuses.ts';
import type { Unit } from './unit.ts';

/** What a `get` or a `resolve` tells of a medium, and what a person decides about it. */
export function createMedia(ledger: Ledger) {
  async function vanishById(mediaId: string, reason: string): Promise<void> {
    await ledger.unit(async (unit) => {
      const group = await groupOf(unit, mediaId);
      unit.saveMedium(await vanish(ledger, unit, group, reason));
    });
  }

  async function readOriginals(mediaId: string): Promise<readonly TrackedOriginal[]> {
    return (await ledger.group(mediaId))?.originals.map(tracked) ?? [];
  }

  async function retryMedium(unit: Unit, mediaId: string): Promise<number> {
    const group = await unit.group(mediaId);
    if (!group) return 0;
    const originals = group.originals.flatMap((original) => retried(original, ledger.now()) ?? []);
    for (const original of originals) unit.saveOriginal(original);
    const medium = retriedMedium(group.medium, ledger.now());
    if (medium) unit.saveMedium(medium);
    return originals.length + (medium ? 1 : 0);
  }

  async function brokenMedia(): Promise<readonly string[]> {
    const found = [...(await ledger.inStatus('FAILED')), ...(await ledger.inStatus('QUARANTINED'))];
    return found.map(({ kind, id }) => (kind === 'medium' ? id : mediumOfOriginal(id)));
  }

  return {
    medium: async (mediaId: string): Promise<TrackedMedium | undefined> => {
      const row = await ledger.unit((unit) => unit.medium(mediaId));
      return row && toTrackedMedium(row);
    },

    originals: readOriginals,

    keyTaken: async (key: string): Promise<boolean> => (await ledger.store.get(archiveKey(key))) !== undefined,

    vanish: vanishById,

    setMediumStatus: async (mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): Promise<void> => {
      if (status === 'SOURCE_DELETED') return vanishById(mediaId, reason);
      await ledger.unit(async (unit) => {
        const row = await mediumOf(unit, mediaId);
        if (row.status === 'SOURCE_DELETED') bringBack(ledger, unit, await groupOf(unit, mediaId));
        unit.saveMedium(told(row, status, reason, ledger.now()));
      });
    },

    failMedium: async (mediaId: string, failure: Failure): Promise<MediumStatus> =>
      ledger.unit(async (unit) => {
        const row = failedMedium(await mediumOf(unit, mediaId), failure, ledger.now());
        unit.saveMedium(row);
        return row.status;
      }),

    /**
     * Errors: KEY_TAKEN when a new original's key is in use. A medium of more than 49 new originals takes several transactions: killed or refused in
     * between, the medium is still unresolved and the next resolve records the rest.
     */
    recordResolution: async (
      mediaId: string,
      resolution: Parameters<Tracker['recordResolution']>[1],
    ): Promise<readonly TrackedOriginal[]> => {
      await ledger.unit(async (unit) => {
        const group = await groupOf(unit, mediaId);
        if (group.medium.status === 'SOURCE_DELETED') bringBack(ledger, unit, group);
        await addOriginals(ledger, unit, group, resolution.originals);
        unit.saveMedium(resolved(group.medium, resolution, ledger.now()));
      });
      return readOriginals(mediaId);
    },

    retry: async (mediaIds?: readonly string[]): Promise<number> => {
      let count = 0;
      await forEachLimited(new Set(mediaIds ?? (await brokenMedia())), unitsAtOnce, async (id) => {
        const retriedOfIt = await ledger.unit((unit) => retryMedium(unit, id));
        count += retriedOfIt;
      });
      return count;
    },
  };
}

/** Adds those that the group does not have yet. All keys are looked at before anything is written. */
async function addOriginals(ledger: Ledger, unit: Unit, { originals }: Group, offered: readonly Original[]): Promise<void> {
  const known = new Set(originals.map((row) => row.id));
  const added = offered.filter((original) => {
    const id = originalId(original, original.revision);
    return !known.has(id) && known.add(id);
  });
  if (added.length === 0) return;
  await unit.preload(added.map((original) => archiveKey(original.key)));
  let place = Math.max(-1, ...originals.map((row) => row.place));
  for (const original of added) {
    if (await unit.isKeyTaken(original.key)) throw new SyncError('KEY_TAKEN', `${original.key} belongs to another original`);
    unit.addOriginal(newOriginalRow(original, (place += 1), ledger.now()));
  }
}
