/**
 * Decides where an original is in the archive. A key is computed once, when an original is first
 * planned, and then stored. It does not change if the provider changes the name or the date. The
 * media id makes the key unique. The name in the key helps a person.
 */

import { SyncError } from '../errors.ts';
import { allRoles, foldKey, originalId } from '../media.ts';
import type { Medium, Original, OriginalIdentity } from '../media.ts';
import { momentOf } from './moment.ts';
import { cutToBytes, extensionOf, safeId, safeStem, safeWord, shortHash } from './safe-name.ts';

/**
 * The longest name that every common system allows, in bytes of UTF-8. Systems that count UTF-16
 * units allow it too, because no name has more UTF-16 units than bytes.
 */
const maxNameBytes = 255;

/**
 * The number of hash digits in a key, for each try. The first try has no hash. If its key is taken,
 * the next try has more digits.
 */
const hashDigits = [0, 8, 16, 32];

export type NamedMedium = Pick<Medium, 'provider' | 'filename' | 'fileExtension' | 'capturedAt' | 'createdAt'>;

/**
 * Whether another file of the archive uses a key. Two keys with the same `foldKey` count as the
 * same key.
 */
export type Taken = (key: string) => boolean;

/** The identity of an original, and the extension of its file. */
export type NamedOriginal = OriginalIdentity & { readonly extension: string };

export interface KeyRequest {
  readonly medium: NamedMedium;
  readonly identity: OriginalIdentity;
  /** The revision of the content. The first one is 1. */
  readonly revision: number;
  /**
   * The preferred extension. If it cannot be used, the key gets the original's type as its
   * extension. If the type cannot be used either, the key gets the extension of the medium.
   */
  readonly extension: string;
  /** How many originals of this role, label and position the medium has, including this one. */
  readonly siblings: number;
  readonly taken: Taken;
}

/**
 * Makes a free key:
 * `{provider}-videos/{yyyy}/{mm}/`, then
 * `{stem}__{mediaId}[_{label}][_{position}][_{NN}][_r{revision}][~{hash}].{ext}`.
 * It is legal on Linux, macOS, Windows and S3, and its last component has at most 255 bytes. The
 * same request gives the same key. Errors: KEY_TAKEN when every form of the name is in use.
 */
export function keyOf(request: KeyRequest): string {
  for (const digits of hashDigits) {
    const key = `${folderOf(request.medium)}/${nameOf(request, digits)}`;
    if (!request.taken(key)) return key;
  }
  throw new SyncError('KEY_TAKEN', `No free name in the archive for an original of ${JSON.stringify(request.identity.mediaId)}`);
}

/**
 * The order in which originals are named and fetched: by role and label, then by camera position,
 * then by the number of the chapter or frame.
 */
export function compareIdentities(a: OriginalIdentity, b: OriginalIdentity): number {
  return (
    compare(allRoles.indexOf(a.role), allRoles.indexOf(b.role)) ||
    compare(a.label, b.label) ||
    compare(a.position, b.position) ||
    compare(a.itemNumber ?? Infinity, b.itemNumber ?? Infinity) ||
    compare(a.type, b.type) ||
    compare(a.ordinal, b.ordinal)
  );
}

interface KeySet<T> {
  readonly medium: NamedMedium;
  /** The originals to name, in any order. */
  readonly originals: readonly T[];
  /** Other originals of the same medium that already have keys. Their keys count as taken. */
  readonly alongside?: readonly Original[];
  readonly taken: Taken;
}

/**
 * Gives the new originals of one medium different keys. Each key is for the first revision. The
 * result is in the order of `compareIdentities`.
 */
export function keysFor<T extends NamedOriginal>(set: KeySet<T>): { readonly original: T; readonly key: string }[] {
  const { medium, originals, alongside = [], taken } = set;
  const siblings = countSiblings([...originals, ...alongside]);
  const given = new Set(alongside.map(({ key }) => foldKey(key)));
  const named: { original: T; key: string }[] = [];
  for (const original of originals.toSorted(compareIdentities)) {
    const key = keyOf({
      medium,
      identity: original,
      revision: 1,
      extension: original.extension,
      siblings: siblings(original),
      taken: (candidate) => given.has(foldKey(candidate)) || taken(candidate),
    });
    given.add(foldKey(key));
    named.push({ original, key });
  }
  return named;
}

/**
 * Returns a function that counts the originals of a set with the same role, label and position. All
 * revisions of an original count as one.
 */
export function countSiblings(set: readonly OriginalIdentity[]): (identity: OriginalIdentity) => number {
  const distinct = new Map(set.map((identity) => [originalId(identity, 1), groupOf(identity)]));
  const counts = new Map<string, number>();
  for (const group of distinct.values()) counts.set(group, (counts.get(group) ?? 0) + 1);
  return (identity) => counts.get(groupOf(identity)) ?? 0;
}

function groupOf({ role, label, position }: OriginalIdentity): string {
  return JSON.stringify([role, label, position]);
}

function folderOf(medium: NamedMedium): string {
  const moment = momentOf(medium);
  const month = moment === undefined ? 'undated' : `${moment.slice(0, 4)}/${moment.slice(5, 7)}`;
  return `${medium.provider}-videos/${month}`;
}

function nameOf(request: KeyRequest, digits: number): string {
  const { medium, identity, revision } = request;
  const hash = digits === 0 ? '' : `~${shortHash(`${medium.provider}#${originalId(identity, revision)}`, digits)}`;
  const tail = `${safeId(identity.mediaId)}${suffixOf(request)}${hash}.${extensionFor(request)}`;
  const stem = cutToBytes(safeStem(medium.filename), maxNameBytes - Buffer.byteLength(`__${tail}`));
  return stem === '' ? tail : `${stem}__${tail}`;
}

function suffixOf({ identity, revision, siblings }: KeyRequest): string {
  const { role, label, position, itemNumber, ordinal } = identity;
  const parts: string[] = [];
  if (role !== 'source') parts.push(safeWord(label) || role);
  if (position !== 'default' && position !== '') parts.push(safeWord(position));
  if (siblings > 1 || (itemNumber ?? ordinal) > 1) parts.push(twoDigits(itemNumber ?? ordinal));
  if (itemNumber !== null && ordinal > 1) parts.push(`n${safeWord(String(ordinal))}`);
  if (revision > 1) parts.push(`r${revision}`);
  return parts.map((part) => `_${part}`).join('');
}

function twoDigits(number: number): string {
  return safeWord(String(number).padStart(2, '0'));
}

function extensionFor({ medium, identity, extension }: KeyRequest): string {
  const candidates = [extension, identity.type, extensionOf(medium.filename), medium.fileExtension ?? ''];
  return candidates.map((candidate) => candidate.toLowerCase()).find((candidate) => /^[a-z0-9]{1,10}$/.test(candidate)) ?? 'bin';
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
