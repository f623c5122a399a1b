import type { FileDescription, ListedFile } from '../../destination/destination.ts';
import { originalId, type Medium, type Original, type Role } from '../../media.ts';
import { initialValues, listedFields, type MediumRecord, type OriginalRecord } from './fields.ts';
import { applyChange, completed } from './original.ts';
import { evidenceOf } from './proof.ts';
import { identityOf, mediaIdOf, newMedium, newOriginal, withRevisions, type Group } from './records.ts';
import type { Store, Unit } from './store.ts';

/** Rebuilds the ledger from the archive's descriptions of its files. */

type Described = ListedFile & { readonly description: FileDescription };

/** For each medium's id: the sets of originals that its archived files report. */
type Sets = Map<string, readonly OriginalSet[]>;

interface OriginalSet {
  readonly roles: readonly Role[];
  /** The number of the medium's originals in `roles`. */
  readonly size: number;
}

/** The fields of media and originals that decide whether a set is complete. */
const setFields = {
  medium: ['id', 'status', 'seenRun', 'resolvedRoles'],
  original: ['id', 'revision', 'role', 'status', 'mark', 'sizeBytes', 'crc32', 'etag', 'claim', 'proof'],
} as const;

const initialListed = initialValues(listedFields);

/**
 * Returns the number of adopted originals. Leaves out each file whose key belongs to another
 * original.
 */
export async function adopt(
  store: Store,
  files: AsyncIterable<ListedFile>,
  { forgetsAbsentFiles }: { readonly forgetsAbsentFiles: boolean } = { forgetsAbsentFiles: false },
): Promise<number> {
  const isRebuilt = await store.plain.needsAdoption();
  const sets: Sets = new Map();
  const noteSet = createSetNotes(sets);
  let adopted = 0;
  let batch: Described[] = [];
  const takeBatch = async () => {
    const taken = batch;
    batch = [];
    for (const { description } of taken) noteSet(description);
    if (taken.length > 0) adopted += await store.change((unit) => takeIn(unit, taken, isRebuilt));
  };
  for await (const file of files) {
    if (isDescribed(file) && store.owns(file)) batch.push(file);
    if (batch.length === store.adoptedAtOnce) await takeBatch();
  }
  await takeBatch();
  await resolveSets(store, sets, forgetsAbsentFiles);
  await store.setAdopted();
  return adopted;
}

function isDescribed(file: ListedFile): file is Described {
  return file.description !== undefined;
}

/**
 * Returns the number of adopted originals. `isRebuilt` is true if this is the first adoption, so
 * the ledger knows only what the archive describes.
 */
function takeIn(unit: Unit, files: readonly Described[], isRebuilt: boolean): number {
  const mediaIds = new Set(files.map(({ description }) => description.original.mediaId));
  const known = new Map(unit.media([...mediaIds]).map((medium) => [medium.id, medium]));
  const media = new Map(known);
  const originals = new Map<string, OriginalRecord>();
  for (const file of files) {
    const original = { ...file.description.original, key: file.key };
    const medium = adoptedMedium(media.get(original.mediaId), original, file.description, unit.now);
    media.set(medium.id, medium);
    const id = originalId(original, original.revision);
    if (!originals.has(id)) originals.set(id, adoptedOriginal(original, file, unit.now));
  }
  if (!isRebuilt) for (const id of passedOver(unit, known, originals)) originals.delete(id);
  for (const medium of media.values()) if (medium !== known.get(medium.id)) unit.saveMedium(medium);
  const added = new Set(unit.addOriginals([...originals.values()]));
  const others = [...originals.values()].filter((original) => !added.has(original));
  return added.size + others.filter((original) => completeKnown(unit, original)).length;
}

/**
 * Completes a known original that the archive describes, for example after an older copy of the
 * ledger was put back. Leaves an original with an intent or a claim to its run. Returns whether the
 * original is newly COMPLETED.
 */
function completeKnown(unit: Unit, described: OriginalRecord): boolean {
  const known = unit.original(described.id);
  if (known?.key !== described.key || known.status === 'COMPLETED' || known.intent || known.owner !== null) return false;
  const { mark, sizeBytes, crc32, etag, lastModified, claim, proof, claimPartBytes } = described;
  const content = { sizeBytes, crc32, etag, lastModified, claim, proof, claimPartBytes };
  const archived = completed({ ...known, ...content, intent: true }, unit.now);
  unit.saveOriginal({ ...archived, mark, checkedAt: null });
  unit.dropParts(archived);
  return true;
}

/**
 * The ids of revisions that the ledger lacks although it has a later revision of the same original.
 * A run left such a revision out, because its key held other bytes than the run had sent.
 */
function passedOver(
  unit: Unit,
  known: ReadonlyMap<string, MediumRecord>,
  originals: ReadonlyMap<string, OriginalRecord>,
): string[] {
  return [...originals.values()].flatMap((original) => {
    const mediaId = mediaIdOf(original.id);
    const tracked = known.has(mediaId) ? unit.originalsOf(mediaId) : [];
    const isPassed = tracked.some((other) => identityOf(other) === identityOf(original) && other.revision > original.revision);
    return isPassed && tracked.every(({ id }) => id !== original.id) ? [original.id] : [];
  });
}

/**
 * Adds to a medium what an archived file says. Returns `known` if the file says nothing new. Until
 * a listing shows the medium, its version is the greatest version in its files' descriptions.
 */
function adoptedMedium(
  known: MediumRecord | undefined,
  original: Original,
  description: FileDescription,
  now: string,
): MediumRecord {
  const version = description.mediumVersion === '' ? null : description.mediumVersion;
  if (!known) return { ...newMedium(describedMedium(original, description), now), version, originalRoles: [original.role] };
  const isNewer = known.seenRun === null && version !== null && version > (known.version ?? '');
  const hasRole = known.originalRoles.includes(original.role);
  if (!isNewer && hasRole) return known;
  const originalRoles = hasRole ? known.originalRoles : [...known.originalRoles, original.role];
  return { ...known, version: isNewer ? version : known.version, originalRoles };
}

function adoptedOriginal(original: Original, file: Described, now: string): OriginalRecord {
  const { sizeBytes, crc32, presentBytes, description } = file;
  const archived = applyChange(newOriginal(original, now), 'complete', now)!;
  const mark = presentBytes === null ? 'MISSING' : presentBytes === sizeBytes ? null : 'DAMAGED';
  const { validator, evidence } = description;
  return { ...archived, mark, sizeBytes, crc32, ...validator, ...evidenceOf(validator, evidence) };
}

function describedMedium({ provider, account, mediaId }: Original, description: FileDescription): Medium {
  const { originalName, capturedAt, mediumType = '', camera = null } = description;
  return {
    ...initialListed,
    provider,
    account,
    id: mediaId,
    type: mediumType,
    filename: originalName,
    capturedAt,
    cameraModel: camera,
    ready: true,
    readyState: 'ready',
  };
}

/**
 * Returns a function that adds the set of one file to `sets`. Media with the same single set share
 * one list, which saves memory.
 */
function createSetNotes(sets: Sets): (description: FileDescription) => void {
  const lists = new Map<string, readonly [OriginalSet]>();
  return ({ original: { mediaId }, roles, originalsOfMedium: size }) => {
    const name = `${size}:${roles.join()}`;
    const list = lists.get(name) ?? [{ roles, size }];
    lists.set(name, list);
    const known = sets.get(mediaId) ?? list;
    sets.set(mediaId, known.includes(list[0]) ? known : [...known, list[0]]);
  };
}

/**
 * Makes a medium RESOLVED if the archive describes every set that its files report. Otherwise
 * counts the missing originals in `absentOriginals`, but only if `forgetsAbsentFiles` is true.
 */
async function resolveSets(store: Store, sets: Sets, forgetsAbsentFiles: boolean): Promise<void> {
  for await (const groups of store.scan({ fields: setFields })) {
    const lacks = new Map(groups.flatMap((group) => lackOf(sets, group)));
    const ids = [...lacks.keys()].filter((id) => lacks.get(id) === 0 || forgetsAbsentFiles);
    for (let first = 0; first < ids.length; first += store.adoptedAtOnce) {
      const mediaIds = ids.slice(first, first + store.adoptedAtOnce);
      await store.change((unit) => resolveSome(unit, sets, lacks, mediaIds));
    }
  }
}

function resolveSome(unit: Unit, sets: Sets, lacks: ReadonlyMap<string, number>, mediaIds: readonly string[]): void {
  for (const medium of unit.media(mediaIds).filter(isUntouched)) {
    const absentOriginals = lacks.get(medium.id)!;
    if (absentOriginals > 0) {
      unit.saveMedium({ ...medium, absentOriginals });
      continue;
    }
    const resolvedRoles = [...new Set(sets.get(medium.id)!.flatMap(({ roles }) => roles))];
    unit.saveMedium({ ...medium, status: 'RESOLVED', statusSince: unit.now, resolvedRoles, absentOriginals });
  }
}

/** True if only the archive has shown the medium and no rule has changed it. */
function isUntouched({ status, seenRun, resolvedRoles }: MediumRecord): boolean {
  return status === 'LISTED' && seenRun === null && resolvedRoles.length === 0;
}

/**
 * A pair of the medium's id and the number of originals that the archive does not describe. No pair
 * if `adopt` must not change the medium.
 */
function lackOf(sets: Sets, { medium, originals }: Group): readonly (readonly [string, number])[] {
  const described = sets.get(medium.id);
  if (!described || !isUntouched(medium)) return [];
  const present = withRevisions(originals).filter(({ isSuperseded, status }) => !isSuperseded && status === 'COMPLETED');
  const lacks = described.map(({ roles, size }) => size - present.filter(({ role }) => roles.includes(role)).length);
  return [[medium.id, Math.max(0, ...lacks)]];
}
