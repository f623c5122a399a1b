import { isoTime } from '../../lib/clock.ts';
import type { Medium } from '../../media.ts';
import type { PageChanges, Tracker } from '../tracker.ts';
import { bringBack, groupOf, quarantineOverdue, vanishedMedium } from './media.ts';
import { isChanged, isShownAgain, listedAnew, seen, waitCutoff } from './medium.ts';
import { newMedium, withRevisions, type Group } from './records.ts';
import type { Store, Unit } from './store.ts';

/** Commands that record listings of the library. */

const goneReason = 'a complete listing no longer shows it';

export function recordPage(unit: Unit, page: readonly Medium[], runId: string): PageChanges {
  const changes = { added: 0, changed: 0, unchanged: 0 };
  const known = new Map(unit.media(page.map(({ id }) => id)).map((medium) => [medium.id, medium]));
  for (const shown of page) {
    const medium = known.get(shown.id);
    const change = !medium ? 'added' : isChanged(medium, shown) ? 'changed' : 'unchanged';
    const isBack = medium !== undefined && isShownAgain(medium, runId);
    if (change === 'changed' || isBack) bringBack(unit, unit.originalsOf(shown.id));
    const next = medium ? seen(medium, shown, unit.now) : newMedium(shown, unit.now);
    unit.saveSeen(isBack ? listedAnew(next, unit.now) : next, runId);
    known.set(shown.id, next);
    changes[change] += 1;
  }
  return changes;
}

/** The end of a listing is saved last, after everything that the listing shows is recorded. */
export async function finishListing(
  store: Store,
  { account, runId, complete, listed }: Parameters<Tracker['finishListing']>[0],
): Promise<number> {
  await quarantineLongWaiting(store);
  const gone = complete ? await settleUnseen(store, account, runId) : 0;
  await store.saveListing(account, { lastFullAt: complete ? isoTime(store.clock.now()) : null, listed });
  return gone;
}

export async function quarantineLongWaiting(store: Store): Promise<void> {
  const waiting = await store.inStatus('WAITING', waitCutoff(store.clock.now()));
  const ids = waiting.map(({ id }) => id);
  await store.changeEach(ids, quarantineOverdue);
}

/**
 * Records that the media are gone that the listing does not show. Returns their number.
 * `recordPage` has already brought back the media that it shows.
 */
async function settleUnseen(store: Store, account: string, runId: string): Promise<number> {
  const unseen = await store.unseen(account, runId);
  await store.changeEach(unseen, (unit, id) => disappear(unit, groupOf(unit, id)));
  return unseen.length;
}

/**
 * Records that a medium is gone. Unarchived originals become SOURCE_DELETED. An archived original
 * keeps its status. A medium with `absentOriginals` is not archived.
 */
function disappear(unit: Unit, group: Group): void {
  const isArchived =
    group.medium.status === 'RESOLVED' &&
    group.medium.absentOriginals === 0 &&
    withRevisions(group.originals).every(({ isSuperseded, status }) => isSuperseded || status === 'COMPLETED');
  const left = isArchived ? group.medium : vanishedMedium(unit, group, goneReason);
  unit.saveMedium({ ...left, goneSince: unit.now, denials: 0 });
}
