import { originalId, type MediumStatus } from '../../media.ts';
import type { Failure, TrackedOriginal, Tracker } from '../tracker.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import {
  answered,
  contradicted,
  deleted,
  failedMedium,
  isDenialCounted,
  overdue,
  resolved,
  retriedMedium,
  type Resolution,
} from './medium.ts';
import { reappeared, retried, vanished } from './original.ts';
import { refuseTakenKey, refuseUnknown } from './originals.ts';
import { identityOf, mediaIdOf, newOriginal, toTrackedOriginal, type Group } from './records.ts';
import type { Reader, Store, Unit } from './store.ts';

/**
 * Commands that record a `get`, a `resolve` or a person's command for a medium. They save the
 * medium after its originals. Errors: BUG for an unknown medium.
 */

function mediumOf(reader: Reader, mediaId: string): MediumRecord {
  return reader.medium(mediaId) ?? refuseUnknown(mediaId);
}

export function groupOf(reader: Reader, mediaId: string): Group {
  return findGroup(reader, mediaId) ?? refuseUnknown(mediaId);
}

export function findGroup(reader: Reader, mediaId: string): Group | undefined {
  // Reads the originals first, because a store may read the medium in the same query.
  const originals = reader.originalsOf(mediaId);
  const medium = reader.medium(mediaId);
  return medium && { medium, originals };
}

type Answer = Parameters<Tracker['setMediumStatus']>[1];

export function setMediumStatus(unit: Unit, mediaId: string, status: Answer, reason: string): void {
  if (status === 'SOURCE_DELETED') return void vanish(unit, mediaId, reason);
  const medium = mediumOf(unit, mediaId);
  if (medium.status === 'SOURCE_DELETED') bringBack(unit, unit.originalsOf(mediaId));
  unit.saveMedium(answered(medium, status, reason, unit.now));
}

/** Records a denial of the provider. Returns the new status of the medium. */
export function vanish(unit: Unit, mediaId: string, reason: string, quarantineAfter = Infinity): MediumStatus {
  const group = groupOf(unit, mediaId);
  if (isDenialCounted(group.medium, unit.latestRunId())) return group.medium.status;
  const failed = contradicted(group.medium, reason, quarantineAfter, unit.now);
  const medium = failed ?? { ...vanishedMedium(unit, group, reason), denials: 1 };
  unit.saveMedium(medium);
  return medium.status;
}

export function countDenial(unit: Unit, mediaId: string): void {
  const medium = mediumOf(unit, mediaId);
  if (medium.denials === 0) unit.saveMedium({ ...medium, denials: 1, deletedRun: unit.latestRunId() });
}

/**
 * Saves the unarchived originals as SOURCE_DELETED. Returns the medium, also SOURCE_DELETED,
 * without saving it.
 */
export function vanishedMedium(unit: Unit, { medium, originals }: Group, reason: string): MediumRecord {
  saveChanged(unit, originals, (original) => vanished(original, reason, unit.now));
  return deleted(medium, reason, unit.latestRunId(), unit.now);
}

/** The medium exists after all, so its SOURCE_DELETED originals become PENDING. */
export function bringBack(unit: Unit, originals: readonly OriginalRecord[]): readonly OriginalRecord[] {
  return saveChanged(unit, originals, (original) => reappeared(original, unit.now));
}

export function failMedium(unit: Unit, mediaId: string, failure: Failure): MediumStatus {
  const medium = failedMedium(mediumOf(unit, mediaId), failure, unit.now);
  unit.saveMedium(medium);
  return medium.status;
}

/** Returns all originals of the medium, new ones last. Errors: KEY_TAKEN. */
export function recordResolution(unit: Unit, mediaId: string, resolution: Resolution): readonly TrackedOriginal[] {
  const { medium, originals } = groupOf(unit, mediaId);
  const known = medium.status === 'SOURCE_DELETED' ? bringBack(unit, originals) : originals;
  const ids = new Set(known.map(({ id }) => id));
  const isNew = (id: string) => !ids.has(id) && ids.add(id) !== undefined;
  const added = resolution.originals
    .filter((original) => isNew(originalId(original, original.revision)))
    .map((original) => newOriginal(original, unit.now));
  const absent = firstRevisions(added, known).slice(0, medium.absentOriginals);
  const recorded = added.map((original) => (absent.includes(original) ? { ...original, wasArchived: true } : original));
  const free = new Set(unit.addOriginals(recorded));
  const refused = recorded.find((original) => !free.has(original));
  if (refused) refuseTakenKey(refused);
  const absentOriginals = medium.absentOriginals - absent.length;
  unit.saveMedium({ ...resolved(medium, resolution, unit.now), absentOriginals });
  return [...known, ...recorded].map(toTrackedOriginal);
}

/** The new originals of which no revision is known. */
function firstRevisions(added: readonly OriginalRecord[], known: readonly OriginalRecord[]): readonly OriginalRecord[] {
  const identities = new Set(known.map(identityOf));
  return added.filter((original) => !identities.has(identityOf(original)));
}

export async function retry(store: Store, mediaIds?: readonly string[]): Promise<number> {
  const counts = await store.changeEach([...new Set(mediaIds ?? (await brokenMedia(store)))], retryMedium);
  return counts.reduce((sum, ofMedium) => sum + ofMedium, 0);
}

async function brokenMedia(store: Store): Promise<readonly string[]> {
  // Records with one of the last five values may have an acceptance, which `retry` undoes.
  const statuses = ['FAILED', 'QUARANTINED', 'MISSING', 'DAMAGED', 'SUSPECT', 'DISPUTED', 'SOURCE_DELETED'] as const;
  const found = (await Promise.all(statuses.map(async (status) => store.inStatus(status)))).flat();
  return found.map(({ kind, id }) => (kind === 'medium' ? id : mediaIdOf(id)));
}

/**
 * Gives a medium and its originals a fresh start if they are FAILED or QUARANTINED. Returns the
 * number of changed records.
 */
function retryMedium(unit: Unit, mediaId: string): number {
  const group = findGroup(unit, mediaId);
  if (!group) return 0;
  const originals = saveChanged(unit, group.originals, (original) => retried(original, unit.now));
  const medium = retriedMedium(group.medium, unit.now);
  if (medium) unit.saveMedium(medium);
  return originals.filter((original, index) => original !== group.originals[index]).length + (medium ? 1 : 0);
}

/** Makes a medium QUARANTINED if it has waited too long. */
export function quarantineOverdue(unit: Unit, mediaId: string): void {
  const medium = unit.medium(mediaId);
  const next = medium && overdue(medium, unit);
  if (next) unit.saveMedium(next);
}

/**
 * Saves each original for which `change` returns a new record. Returns all originals as they are
 * now.
 */
function saveChanged(
  unit: Unit,
  originals: readonly OriginalRecord[],
  change: (original: OriginalRecord) => OriginalRecord | undefined,
): readonly OriginalRecord[] {
  return originals.map((original) => {
    const next = change(original);
    if (next) unit.saveOriginal(next);
    return next ?? original;
  });
}
