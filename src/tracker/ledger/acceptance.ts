import type { Tracker } from '../tracker.ts';
import { acceptable, acceptableMedium, isAccepted, isMediumAccepted } from './evidence.ts';
import { findGroup } from './media.ts';
import { withRevisions, type Group } from './records.ts';
import type { Reader, Store, Unit } from './store.ts';

/**
 * The command with which a person accepts lost, QUARANTINED or disputed media and originals as they
 * are.
 */

/** A name that a person gave: the key of a file or, if `key` is absent, the id of a medium. */
interface Named {
  readonly name: string;
  readonly mediaId: string;
  readonly key?: string;
}

type Accepted = Awaited<ReturnType<Tracker['accept']>>;

/** Checks every name first, so that a wrong name changes nothing. */
export async function accept(store: Store, names: readonly string[]): Promise<Accepted> {
  const found = await findNames(store, new Set(names));
  const refused: string[] = [];
  for (const name of new Set(names)) {
    const named = found.get(name);
    if (!named || (await store.read((reader) => countAcceptable(reader, named))) === 0) refused.push(name);
  }
  if (refused.length > 0) return { accepted: 0, refused };
  let accepted = 0;
  for (const named of found.values()) accepted += await store.change((unit) => acceptNamed(unit, named));
  return { accepted, refused };
}

async function findNames(store: Store, names: ReadonlySet<string>): Promise<ReadonlyMap<string, Named>> {
  const found = new Map<string, Named>();
  for await (const groups of store.scan({ fields: { medium: ['id'], original: ['id', 'key'] } })) {
    for (const { medium, originals } of groups) {
      const mediaId = medium.id;
      if (names.has(mediaId)) found.set(mediaId, { name: mediaId, mediaId });
      for (const { key } of originals) if (names.has(key)) found.set(key, { name: key, mediaId, key });
    }
  }
  return found;
}

function countAcceptable(reader: Reader, named: Named): number {
  const group = findGroup(reader, named.mediaId);
  if (!group) return 0;
  const ofMedium = named.key === undefined && acceptableMedium(group.medium) !== undefined ? 1 : 0;
  return ofMedium + originalsOf(group, named).length;
}

/** The originals that a name stands for and that have something to accept. */
function originalsOf({ medium, originals }: Group, { key }: Named) {
  return withRevisions(originals).flatMap((original, index) => {
    const reason = key === undefined || original.key === key ? acceptable(medium, original) : undefined;
    if (reason === undefined) return [];
    return [{ record: originals[index]!, reason, isDone: isAccepted(medium, original) }];
  });
}

/** Returns the number of accepted records. An earlier acceptance keeps its time. */
function acceptNamed(unit: Unit, named: Named): number {
  const group = findGroup(unit, named.mediaId);
  if (!group) return 0;
  const originals = originalsOf(group, named);
  for (const { record, reason, isDone } of originals) {
    if (!isDone) unit.saveOriginal({ ...record, acceptedAt: unit.now, acceptedReason: reason });
  }
  const { medium } = group;
  const reason = named.key === undefined ? acceptableMedium(medium) : undefined;
  if (reason === undefined) return originals.length;
  if (!isMediumAccepted(medium)) unit.saveMedium({ ...medium, acceptedAt: unit.now, acceptedReason: reason });
  return originals.length + 1;
}
