import { isoTime } from '../../lib/clock.ts';
import type { MediumRecord, OriginalRecord } from '../ledger/fields.ts';
import { mediaIdOf } from '../ledger/records.ts';
import type { Unit } from '../ledger/store.ts';
import { commit, type Change } from './commit.ts';
import { fenceBy, fenceOver } from './fence.ts';
import { mediumItem, mediumRecord, numberOf, originalItem, originalRecord } from './items.ts';
import { archiveKey, kindOf, mediumKey, originalKey, type Key } from './keys.ts';
import { leaseKey } from './lease.ts';
import { removeParts, savePart } from './parts.ts';
import {
  groupOf,
  itemOf,
  latestRunOf,
  nameOf,
  newReadings,
  partsOf,
  requireItems,
  requireNewOriginals,
  Unread,
  type Readings,
} from './readings.ts';
import { saveSeenPage } from './listing.ts';
import { pauseBefore, rowKey, type Partition } from './table.ts';
import { toItem, type Item } from './values.ts';

/** The rows that a command has read and changed so far. */
interface State extends Readings {
  /** The changed rows by name. The row that was saved last is at the end. */
  readonly written: Map<string, { readonly key: Key; readonly after: Item | undefined }>;
  /** The ids of the media that each run's listing showed. */
  readonly seen: Map<string, Set<string>>;
  /** Work to do after the rows are written. */
  readonly afterwards: (() => Promise<void>)[];
}

/**
 * Repeats a command if another writer has changed one of its rows between the command's read and
 * write. More than 100 rows take several transactions, in the order in which the command saves the
 * rows. A command therefore saves last the row that completes the change, for example the medium
 * after its originals.
 */
export async function inUnit<Result>(
  partition: Partition,
  work: (unit: Unit) => Result,
  purpose: 'read' | 'change',
): Promise<Result> {
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, partition.tableName);
    const { result, changes, seen, afterwards } = await carryOut(partition, work, purpose);
    if (!(await commit(partition, changes))) continue;
    for (const [runId, ids] of seen) await saveSeenPage(partition, runId, [...ids]);
    for (const act of afterwards) await act();
    return result;
  }
}

/**
 * A command reads as if every row was loaded. If a row is missing, it is fetched and the command
 * starts again. Errors: LEASE_LOST if the command changes the ledger after a later grant.
 */
async function carryOut<Result>(partition: Partition, work: (unit: Unit) => Result, purpose: 'read' | 'change') {
  const lease = rowKey(partition, leaseKey);
  const readings = newReadings(partition, purpose === 'change' ? [lease] : []);
  for (;;) {
    const state: State = { ...readings, written: new Map(), seen: new Map(), afterwards: [] };
    try {
      const result = work(openUnit(state));
      const fence = purpose === 'change' ? fenceBy(partition, itemOf(state, lease)) : 0;
      return { ...state, result, changes: changesOf(state, fence) };
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      await error.read();
    }
  }
}

/** Errors: LEASE_LOST if a later grant has written one of the rows. */
function changesOf({ partition, items, written }: State, fence: number): readonly Change[] {
  return [...written].map(([name, { key, after }]) => {
    const before = items.get(name);
    const carried = toItem({ fence: fenceOver(partition, fence, before) });
    return { key, before, after: after && { ...after, ...carried } };
  });
}

function openUnit(state: State): Unit {
  const { partition } = state;
  const nowMs = partition.clock.now();
  const medium = (mediaId: string) => findMedium(state, mediaId);
  return {
    nowMs,
    now: isoTime(nowMs),
    medium,
    media: (mediaIds) => {
      const keys = mediaIds.map((mediaId) => rowKey(partition, mediumKey(mediaId)));
      requireItems(state, keys);
      return [...new Set(mediaIds)].flatMap((mediaId) => medium(mediaId) ?? []);
    },
    original: (id) => findOriginal(state, id),
    originalsOf: (mediaId) => findOriginals(state, mediaId),
    partsOf: (original) => partsOf(state, uploadOf(state, original)),
    latestRunId: () => latestRunOf(state),
    saveMedium: (record) => saveMedium(state, record),
    saveSeen: (record, runId) => saveSeen(state, record, runId),
    saveOriginal: (record) => saveOriginal(state, record),
    addOriginals: (records) => addOriginals(state, records),
    moveOriginal: (before, moved) => moveOriginal(state, before, moved),
    savePart: (original, part) => {
      const upload = uploadOf(state, original);
      state.afterwards.push(async () => savePart(partition, upload, part));
    },
    dropParts: (original) => dropParts(state, original),
  };
}

function current(state: State, key: Key): Item | undefined {
  const saved = state.written.get(nameOf(key));
  return saved ? saved.after : itemOf(state, key);
}

function write({ written }: State, key: Key, after: Item | undefined): void {
  const name = nameOf(key);
  // A row that is saved again moves to the end.
  written.delete(name);
  written.set(name, { key, after });
}

function findMedium(state: State, mediaId: string): MediumRecord | undefined {
  const item = current(state, rowKey(state.partition, mediumKey(mediaId)));
  return item && mediumRecord(item);
}

function findOriginal(state: State, id: string): OriginalRecord | undefined {
  const key = originalKey(id);
  const item = kindOf(key) === 'original' ? current(state, rowKey(state.partition, key)) : undefined;
  return item && originalRecord(item);
}

function findOriginals(state: State, mediaId: string): readonly OriginalRecord[] {
  const items = groupOf(state, mediaId).map((key) => current(state, key));
  return items.flatMap((item) => (item ? originalRecord(item) : []));
}

function saveMedium(state: State, record: MediumRecord): void {
  const key = rowKey(state.partition, mediumKey(record.id));
  write(state, key, mediumItem(state.partition.name, record, current(state, key)));
}

/**
 * Notes the id of a medium that a run saw. Writes the row of the medium only if the medium is new
 * or changed.
 */
function saveSeen(state: State, record: MediumRecord, runId: string): void {
  const { partition, seen } = state;
  const ids = seen.get(runId) ?? new Set();
  seen.set(runId, ids.add(record.id));
  const known = findMedium(state, record.id);
  const comparable = (medium: MediumRecord) => JSON.stringify(mediumItem(partition.name, { ...medium, seenRun: null }));
  const isKnown = known !== undefined && known.seenRun !== null && comparable(known) === comparable(record);
  if (!isKnown) saveMedium(state, { ...record, seenRun: runId });
}

function saveOriginal(state: State, record: OriginalRecord): void {
  const key = rowKey(state.partition, originalKey(record.id));
  write(state, key, originalItem(state.partition.name, record, current(state, key)));
}

function addOriginals(state: State, records: readonly OriginalRecord[]): readonly OriginalRecord[] {
  const { partition } = state;
  requireNewOriginals(state, records);
  const places = new Map<string, number>();
  return records.filter((record) => {
    const [key, row] = [archiveKey(record.key), rowKey(partition, originalKey(record.id))];
    if (current(state, key) || current(state, row)) return false;
    const mediaId = mediaIdOf(record.id);
    const place = places.get(mediaId) ?? nextPlace(state, mediaId);
    places.set(mediaId, place + 1);
    write(state, key, toItem({ ...key, id: record.id }));
    write(state, row, originalItem(partition.name, record, toItem({ place, upload_number: 0 })));
    return true;
  });
}

/** The number of the next original of a medium, in the order of recording. */
function nextPlace(state: State, mediaId: string): number {
  const known = state.groups.get(mediaId) ?? [];
  return Math.max(-1, ...known.map((key) => numberOf(itemOf(state, key)!, 'place'))) + 1;
}

function moveOriginal(state: State, before: OriginalRecord, moved: OriginalRecord): boolean {
  const { partition } = state;
  const [oldKey, newKey] = [archiveKey(before.key), archiveKey(moved.key)];
  const [oldRow, newRow] = [before, moved].map(({ id }) => rowKey(partition, originalKey(id))) as [Key, Key];
  requireItems(state, [oldKey, newKey, newRow]);
  const isKeyTaken = nameOf(newKey) !== nameOf(oldKey) && current(state, newKey) !== undefined;
  const isIdTaken = moved.id !== before.id && current(state, newRow) !== undefined;
  if (isKeyTaken || isIdTaken) return false;
  const item = current(state, oldRow)!;
  write(state, oldKey, undefined);
  write(state, oldRow, undefined);
  write(state, newKey, toItem({ ...newKey, id: moved.id }));
  write(state, newRow, originalItem(partition.name, moved, item));
  if (numberOf(item, 'upload_number') > 0) state.afterwards.push(async () => removeParts(partition, before.id, undefined));
  return true;
}

/**
 * A late worker may still write parts of the earlier upload. A new number keeps these parts apart.
 */
function dropParts(state: State, original: OriginalRecord): void {
  const { partition } = state;
  const key = rowKey(partition, originalKey(original.id));
  const item = current(state, key)!;
  const earlier = numberOf(item, 'upload_number');
  const kept = original.upload ? { id: original.id, number: earlier + 1 } : undefined;
  if (kept) write(state, key, { ...item, ...toItem({ upload_number: kept.number }) });
  if (earlier > 0) state.afterwards.push(async () => removeParts(partition, original.id, kept));
}

function uploadOf(state: State, { id }: OriginalRecord) {
  const item = current(state, rowKey(state.partition, originalKey(id)));
  return { id, number: item ? numberOf(item, 'upload_number') : 0 };
}
