import type { Destination, ListedFile } from '../../destination/destination.ts';
import { asSyncError } from '../../errors.ts';
import type { Event } from '../../events.ts';
import { collectMedia, countLacking, type ArchivedFile, type ArchivedMedium } from '../../plan/restore/archived-files.ts';
import { selectFiles, type Selected, type Wanted } from '../../plan/restore/selection.ts';
import { anyPattern } from '../../plan/wildcards.ts';
import type { Accounting } from '../../transfer/accounting.ts';

/** What a person selected of an archive, and what is wrong with the archive. */
export interface SelectedFiles extends Selected {
  /** All files that the archive describes. */
  readonly all: readonly ArchivedFile[];
  readonly bytes: number;
  /** Files that the archive lacks although it describes others of the same medium. */
  readonly missing: number;
  /** Keys that no description knows. */
  readonly unknown: readonly string[];
  /**
   * How many of these keys Cloud Sync may have given, so that the archive has lost descriptions.
   */
  readonly undescribed: number;
  /** How many files the archive refuses to show. */
  readonly unreadable: number;
  /** The number of given keys and patterns that match nothing. */
  readonly unmatched: number;
  /** What a person must know before anything is copied. */
  readonly events: readonly Event[];
}

interface SelectOptions extends Wanted {
  /** Whether to keep the description of a file. Descriptions of many files need much memory. */
  readonly keepsDescription?: (file: ListedFile) => boolean;
  readonly signal: AbortSignal;
}

/** The shape of the keys that `plan/naming.ts` gives. */
const ownKey = /^[a-z_]+-videos\/(?:\d{4}\/\d{2}|undated)\/[^/]+__[^/]+$/;

/** Reads all descriptions of an archive, and selects files. */
export async function selectFromArchive(archive: Destination, options: SelectOptions): Promise<SelectedFiles> {
  const { words, signal } = options;
  const refused = new Map<string, unknown>();
  const listing = archive.list({ onUnreadable: (key, error) => void refused.set(key, error) });
  const media = await collectMedia(stoppable(listing, signal), options.keepsDescription);
  const all = media.flatMap(({ files }) => files);
  const known = new Set([...all.map(({ key }) => key), ...refused.keys()]);
  const unknown = await Array.fromAsync(stoppable(archive.unknown(known), signal));
  const selected = selectFiles(media, options);
  // A person who names single files knows that others are missing.
  const lacking = words.length > 0 ? [] : selected.media.filter((medium) => countLacking(medium) > 0);
  const isNamed = anyPattern(words);
  const unreadable = [...refused].filter(([key]) => words.length === 0 || isNamed(key));
  const unmatched = selected.unmatchedWords.filter((word) => !unreadable.some(([key]) => anyPattern([word])(key)));
  return {
    ...selected,
    all,
    bytes: selected.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    missing: lacking.reduce((sum, medium) => sum + countLacking(medium), 0),
    unknown,
    undescribed: isEverything(options) ? unknown.filter((key) => ownKey.test(key)).length : 0,
    unreadable: unreadable.length,
    unmatched: unmatched.length,
    events: [
      ...unmatched.map((word) => unmatchedEvent(word, archive)),
      ...selected.unmatchedFilters.map((message) => ({ type: 'warning', message }) as const),
      ...unreadable.map(([key, error]) => unreadableEvent(key, error)),
      ...lacking.map(lackingEvent),
      ...unknown.map((key) => ({ type: 'file.unknown', key, path: `${archive.location}/${key}` }) as const),
    ],
  };
}

function isEverything({ words, filters }: Wanted): boolean {
  return words.length === 0 && filters === undefined;
}

async function* stoppable<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncIterable<Item> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}

function unmatchedEvent(key: string, { location }: Destination): Event {
  const reason = `no file that ${location} describes has this key, name or medium`;
  return { type: 'file.failed', id: '', mediaId: '', key, status: 'FAILED', code: 'FILE_MISSING', reason };
}

function unreadableEvent(key: string, thrown: unknown): Event {
  const { code, message: reason, hint } = asSyncError(thrown);
  const event = { type: 'file.failed', id: '', mediaId: '', key, status: 'FAILED', code, reason } as const;
  return hint === undefined ? event : { ...event, hint };
}

function lackingEvent(medium: ArchivedMedium): Event {
  return { type: 'medium.incomplete', mediaId: medium.id, name: medium.name, missing: countLacking(medium), lost: false };
}

/**
 * Returns a function that notes that a file is done. After the last file of a medium, the medium is
 * done.
 */
export function createDoneNotes(files: readonly ArchivedFile[]): (file: ArchivedFile, accounting: Accounting) => void {
  const left = new Map<ArchivedMedium, number>();
  for (const { medium } of files) left.set(medium, (left.get(medium) ?? 0) + 1);
  return ({ medium }, accounting) => {
    const rest = (left.get(medium) ?? 1) - 1;
    left.set(medium, rest);
    if (rest === 0) accounting.endMedium(medium.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  };
}
