/**
 * The simulated library: its media, their order in the listing, and the changes that tests make.
 */
import { chaptersSize, withNewContent, withReadiness, type FileSelector } from './changes.ts';
import { placeFile, type FileSpec, type LazyMedium, type MediaRecord, type SimFile, type SimMedium } from './medium.ts';
import { presetMedia, type Preset, type PresetOptions } from './presets.ts';

export type { FileSelector } from './changes.ts';
export type { FileSpec, LazyMedium, MediaRecord, SimFile, SimMedium } from './medium.ts';
export { expectedOriginals, expectedWaiting, type ArchiveScope } from './originals.ts';
export { type Preset, type PresetOptions } from './presets.ts';

export interface ListQuery {
  readonly orderBy: 'created_at' | 'captured_at';
  readonly types?: readonly string[];
  readonly processingStates?: readonly string[];
  /** Selects only media that are not ready. */
  readonly notReady?: boolean;
  /** Both bounds are inclusive, in milliseconds since 1970. */
  readonly capturedRangeMs?: readonly [number, number];
  readonly offset: number;
  readonly limit: number;
}

/**
 * A library of media. Every change throws RangeError for an id that the library never had. Media in
 * the trash still count as known.
 */
export interface SimLibrary {
  /** The number of media that are not in the trash. */
  readonly size: number;
  get(id: string): SimMedium | undefined;
  isTrashed(id: string): boolean;
  /**
   * Returns one page, newest first. Media without a usable time come last. Media with equal times
   * keep the order in which they were added.
   */
  list(query: ListQuery): { readonly media: readonly SimMedium[]; readonly totalItems: number };
  /**
   * Yields all media that are not in the trash. The medium that was created last comes first. Each
   * medium is built when it is reached.
   */
  media(): Generator<SimMedium, void>;
  add(medium: SimMedium | LazyMedium): void;
  trash(id: string): void;
  restore(id: string): void;
  /**
   * Ends the processing of a medium. It becomes `ready`, every file becomes available, and
   * `updated_at` advances.
   */
  setReady(id: string): void;
  /** Overwrites fields of the record. `updated_at` advances by a minute unless a value is given. */
  touch(id: string, changes?: Partial<MediaRecord>): void;
  /**
   * Adds a file, such as a chapter or a late original. Adjusts size, count and `updated_at` of the
   * medium. Returns the key of the file.
   */
  addItem(id: string, file: FileSpec): string;
  /**
   * Gives new bytes and a new ETag to an entry and to all entries that share its bytes. The record
   * is unchanged.
   */
  replaceContent(id: string, file: FileSelector, options?: { readonly sizeBytes?: number }): void;
}

interface Entry {
  readonly id: string;
  createdMs: number;
  capturedMs: number;
  medium: SimMedium | (() => SimMedium);
  trashed: boolean;
}

/** The entries of a library, and the sorted listings that were built since the last change. */
interface Contents {
  readonly entries: Map<string, Entry>;
  readonly listings: Map<string, readonly Entry[]>;
}

type Filter = Omit<ListQuery, 'offset' | 'limit'>;

const MAX_LISTINGS = 8;

/**
 * Builds the library of a preset. The same preset and options always give the same media and bytes.
 */
export function buildLibrary(preset: Preset, options: PresetOptions = {}): SimLibrary {
  return createLibrary(presetMedia(preset, options));
}

/**
 * Creates a library from media, which may be built lazily. Throws RangeError if an id appears
 * twice.
 */
export function createLibrary(initial: Iterable<SimMedium | LazyMedium> = []): SimLibrary {
  const contents: Contents = { entries: new Map(), listings: new Map() };
  for (const medium of initial) add(contents, medium);
  return {
    get size() {
      return listing(contents, { orderBy: 'created_at' }).length;
    },
    get(id) {
      const entry = contents.entries.get(id);
      return entry && mediumOf(entry);
    },
    isTrashed: (id) => entryOf(contents, id).trashed,
    list(query) {
      const found = listing(contents, query);
      return { media: found.slice(query.offset, query.offset + query.limit).map(mediumOf), totalItems: found.length };
    },
    *media() {
      for (const entry of listing(contents, { orderBy: 'created_at' })) yield mediumOf(entry);
    },
    add: (medium) => add(contents, medium),
    trash: (id) => setTrashed(contents, id, true),
    restore: (id) => setTrashed(contents, id, false),
    setReady: (id) => change(contents, id, (medium) => withReadiness(moveOn(medium))),
    touch: (id, changes = {}) => change(contents, id, (medium) => moveOn(medium, changes)),
    addItem: (id, fileSpec) => addItem(contents, id, fileSpec),
    replaceContent: (id, file, options = {}) => change(contents, id, (medium) => withNewContent(medium, file, options.sizeBytes)),
  };
}

function entryOf({ entries }: Contents, id: string): Entry {
  const entry = entries.get(id);
  if (entry === undefined) throw new RangeError(`The simulated library never had the medium ${id}.`);
  return entry;
}

function listing({ entries, listings }: Contents, filter: Filter): readonly Entry[] {
  const { orderBy, types, processingStates, notReady, capturedRangeMs } = filter;
  const key = JSON.stringify([orderBy, types, processingStates, notReady, capturedRangeMs]);
  let found = listings.get(key);
  if (found === undefined) {
    found = [...entries.values()].filter((entry) => !entry.trashed && matches(entry, filter)).toSorted(newestFirst(orderBy));
    if (listings.size >= MAX_LISTINGS) listings.clear();
    listings.set(key, found);
  }
  return found;
}

function add({ entries, listings }: Contents, medium: SimMedium | LazyMedium): void {
  if (entries.has(medium.id)) throw new RangeError(`The simulated library already has the medium ${medium.id}.`);
  entries.set(medium.id, newEntry(medium));
  listings.clear();
}

function setTrashed(contents: Contents, id: string, trashed: boolean): void {
  entryOf(contents, id).trashed = trashed;
  contents.listings.clear();
}

function change(contents: Contents, id: string, update: (medium: SimMedium) => SimMedium): void {
  const entry = entryOf(contents, id);
  const medium = update(mediumOf(entry));
  Object.assign(entry, { medium, ...timesOf(medium.record.created_at, medium.record.captured_at) });
  contents.listings.clear();
}

function addItem(contents: Contents, id: string, fileSpec: FileSpec): string {
  let key = '';
  change(contents, id, (medium) => {
    const file = placeFile({ id, seed: 'added later', createdAt: moveOn(medium).record.updated_at }, medium.files, fileSpec);
    key = file.key;
    return withItem(medium, file);
  });
  return key;
}

function withItem(medium: SimMedium, file: SimFile): SimMedium {
  const files = [...medium.files, file];
  const sources = files.filter((each) => each.original === 'source').length;
  const counts = { item_count: Math.max(1, sources), file_size: chaptersSize(files) };
  const waitsFor = medium.waitsFor === 'original' && file.original !== undefined ? null : medium.waitsFor;
  return { ...moveOn(medium, counts), files, waitsFor };
}

function moveOn(medium: SimMedium, changes: Partial<MediaRecord> = {}): SimMedium {
  const updatedAt = new Date(Date.parse(medium.record.updated_at) + 60_000).toISOString().replace('.000Z', 'Z');
  return { ...medium, record: { ...medium.record, updated_at: updatedAt, ...changes } };
}

function newEntry(medium: SimMedium | LazyMedium): Entry {
  const times =
    'record' in medium
      ? timesOf(medium.record.created_at, medium.record.captured_at)
      : timesOf(medium.createdAt, medium.capturedAt);
  return { id: medium.id, ...times, medium: 'record' in medium ? medium : medium.build, trashed: false };
}

function timesOf(createdAt: string, capturedAt: string | null): { createdMs: number; capturedMs: number } {
  return { createdMs: timeOf(createdAt), capturedMs: timeOf(capturedAt) };
}

function timeOf(iso: string | null): number {
  const time = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

function mediumOf(entry: Entry): SimMedium {
  return typeof entry.medium === 'function' ? entry.medium() : entry.medium;
}

function newestFirst(orderBy: ListQuery['orderBy']): (a: Entry, b: Entry) => number {
  const time = orderBy === 'captured_at' ? 'capturedMs' : 'createdMs';
  return (a, b) => (a[time] === b[time] ? 0 : b[time] > a[time] ? 1 : -1);
}

function matches(entry: Entry, filter: Filter): boolean {
  const { types, processingStates, notReady, capturedRangeMs: range } = filter;
  if (range !== undefined && !(entry.capturedMs >= range[0] && entry.capturedMs <= range[1])) return false;
  if (types === undefined && processingStates === undefined && notReady === undefined) return true;
  const { record } = mediumOf(entry);
  if (types !== undefined && !types.includes(record.type)) return false;
  if (processingStates !== undefined && !processingStates.includes(record.ready_to_view)) return false;
  return notReady !== true || record.ready_to_view !== 'ready';
}
