import type { Medium, MediumStatus, OriginalStatus, Role, Tally } from '../../media.ts';
import type { TrackedMedium, TrackedOriginal, TrackedRow } from '../tracker.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import { isResolvedFor } from './medium.ts';
import { needsUpload } from './original.ts';
import { listedNames, toMedium, toTrackedMedium, toTrackedOriginal, withRevisions, type Group } from './records.ts';
import type { Reader, Store } from './store.ts';
import { count, countedMedium, countedOriginal, zero } from './tally.ts';

/** Questions to a ledger. They change nothing. */

export function medium(reader: Reader, mediaId: string): TrackedMedium | undefined {
  const record = reader.medium(mediaId);
  return record && toTrackedMedium(record);
}

export function originals(reader: Reader, mediaId: string): readonly TrackedOriginal[] {
  return reader.originalsOf(mediaId).map(toTrackedOriginal);
}

export async function intents(store: Store): Promise<readonly TrackedOriginal[]> {
  return (await store.originalsWith('intent')).map(toTrackedOriginal);
}

export async function uploads(store: Store): Promise<readonly string[]> {
  return (await store.originalsWith('upload')).filter(needsUpload).map(({ upload }) => upload!.id);
}

export async function* openMedia(store: Store, roles: readonly Role[]): AsyncGenerator<TrackedMedium> {
  for await (const record of store.openMedia(roles)) yield toTrackedMedium(record);
}

/** Whether a run has work for a medium. Calls `originals` only if the answer depends on them. */
export function isOpen(medium: MediumRecord, originals: () => readonly OriginalRecord[], roles: readonly Role[]): boolean {
  if (medium.goneSince !== null) return false;
  if (medium.status === 'LISTED' || medium.status === 'WAITING' || medium.status === 'FAILED') return true;
  if (medium.status !== 'RESOLVED') return false;
  if (!isResolvedFor(medium, roles)) return true;
  return withRevisions(originals()).some(
    ({ role, status, mark, isSuperseded }) =>
      roles.includes(role) &&
      (status === 'PENDING' || status === 'IN_PROGRESS' || status === 'FAILED' || (mark !== null && !isSuperseded)),
  );
}

type Statuses = readonly (OriginalStatus | MediumStatus)[];

export async function* rows(store: Store, statuses?: Statuses): AsyncGenerator<TrackedRow> {
  for await (const groups of store.scan(statuses && { statuses })) {
    for (const group of groups) {
      const shown = statuses ? withStatus(group, statuses) : group;
      if (shown) yield { tracked: toTrackedMedium(shown.medium), originals: shown.originals.map(toTrackedOriginal) };
    }
  }
}

/**
 * Returns a medium and only its originals in these statuses. Returns undefined if neither the
 * medium nor an original has one of these statuses.
 */
function withStatus(group: Group, statuses: Statuses): Group | undefined {
  const shown = group.originals.filter(({ status }) => statuses.includes(status));
  return shown.length > 0 || statuses.includes(group.medium.status) ? { ...group, originals: shown } : undefined;
}

export async function tally(store: Store, roles: readonly Role[], covers?: (medium: Medium) => boolean): Promise<Tally> {
  if (!covers && store.countAll) return store.countAll(roles);
  const counts = zero();
  const fields = { medium: [...listedNames, ...countedMedium], original: countedOriginal };
  for await (const groups of store.scan({ fields })) {
    for (const group of groups) {
      if (!covers || covers(toMedium(group.medium))) count(counts, group, roles);
    }
  }
  return counts;
}
