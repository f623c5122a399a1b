import { isGone, lostWithoutRecord, needsRepair, type Medium, type Role, type Tally } from '../../media.ts';
import type { RowOriginal, Selection, TrackedMedium, TrackedOriginal, TrackedRow } from '../tracker.ts';
import { isAccepted, isLost, isMediumAccepted, saysWhatIsWrong, unaccepted } from './evidence.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import { isResolvedFor } from './medium.ts';
import { needsUpload } from './original.ts';
import { listedNames, toMedium, toTrackedMedium, toTrackedOriginal, withRevisions, type Group } from './records.ts';
import type { Finding, Reader, Store } from './store.ts';
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
      (status === 'PENDING' || status === 'IN_PROGRESS' || status === 'FAILED' || (needsRepair(mark) && !isSuperseded)),
  );
}

export async function* rows(store: Store, selections?: readonly Selection[]): AsyncGenerator<TrackedRow> {
  const statuses = selections && [...new Set(selections.flatMap(statusesOf))];
  for await (const groups of store.scan(statuses && { statuses })) {
    for (const group of groups) {
      const row = toRow(group, selections && new Set(selections));
      if (row) yield row;
    }
  }
}

/** The statuses and marks of everything that a selection may find. */
function statusesOf(selection: Selection): readonly Finding[] {
  switch (selection) {
    case 'LOST':
      return ['MISSING', 'DAMAGED', 'SUSPECT', 'SOURCE_DELETED'];
    case 'ACCEPTED':
      return ['QUARANTINED', 'MISSING', 'DAMAGED', 'SUSPECT', 'DISPUTED', 'SOURCE_DELETED'];
    case 'proof:disputed':
      return ['DISPUTED', 'MISSING', 'DAMAGED', 'SUSPECT', 'SUPERSEDED'];
    case 'proof:proven':
    case 'proof:none':
    case 'proof:unchecked':
      return ['COMPLETED'];
    default:
      return [selection];
  }
}

/** Returns undefined if neither the medium nor an original has one of the selections. */
function toRow({ medium, originals }: Group, selections?: ReadonlySet<Selection>): TrackedRow | undefined {
  const holdsAcceptance = isMediumAccepted(medium);
  const tracked = { ...toTrackedMedium(medium), ...(holdsAcceptance ? {} : unaccepted) };
  const shown = withRevisions(originals).flatMap((original, index): readonly RowOriginal[] => {
    const isNow = { lost: isLost(medium, original), accepted: isAccepted(medium, original) };
    const row = toTrackedOriginal(originals[index]!);
    const proof = row.status === 'COMPLETED' && `proof:${row.proof}`;
    const facts = [row.status, row.mark, proof, isNow.lost && 'LOST', isNow.accepted && 'ACCEPTED'];
    if (selections && !facts.some((fact) => isSelected(selections, fact))) return [];
    return [
      { ...row, ...(isNow.accepted ? {} : unaccepted), lost: isNow.lost, saysWhatIsWrong: saysWhatIsWrong(medium, original) },
    ];
  });
  const ofMedium = [medium.status, lostWithoutRecord(medium) > 0 && 'LOST', holdsAcceptance && 'ACCEPTED'];
  const isShown = !selections || shown.length > 0 || ofMedium.some((fact) => isSelected(selections, fact));
  return isShown ? { tracked, originals: shown } : undefined;
}

function isSelected(selections: ReadonlySet<string>, fact: string | false | null): boolean {
  return typeof fact === 'string' && selections.has(fact);
}

export async function tally(
  store: Store,
  roles: readonly Role[],
  covers?: (medium: Medium, isGone: boolean) => boolean,
): Promise<Tally> {
  if (!covers && store.countAll) return store.countAll(roles);
  const counts = zero();
  const fields = { medium: [...listedNames, ...countedMedium], original: countedOriginal };
  for await (const groups of store.scan({ fields })) {
    for (const group of groups) {
      if (!covers || covers(toMedium(group.medium), isGone(group.medium))) count(counts, group, roles);
    }
  }
  return counts;
}
