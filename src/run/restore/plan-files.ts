import type { Destination } from '../../destination/destination.ts';
import type { Target } from '../../destination/target.ts';
import { asSyncError } from '../../errors.ts';
import type { Event } from '../../events.ts';
import type { Filters } from '../../plan/filter.ts';
import { collectMedia, countLacking, type ArchivedFile, type ArchivedMedium } from '../../plan/restore/archived-files.ts';
import { nameByCamera, nameByKeys } from '../../plan/restore/names.ts';
import { selectFiles, type Selected } from '../../plan/restore/selection.ts';
import { anyPattern } from '../../plan/wildcards.ts';
import type { Accounting } from '../../transfer/accounting.ts';

/** A file to restore, with its name in the directory. */
export interface PlannedFile {
  readonly file: ArchivedFile;
  readonly name: string;
  /** Why the file has another name than its own. */
  readonly reason?: string;
}

export interface RestorePlan {
  readonly selected: Selected;
  readonly files: readonly PlannedFile[];
  readonly media: number;
  readonly bytes: number;
  /** Files that the archive lacks although it describes others of the same medium. */
  readonly missing: number;
  /** Keys that no description knows. */
  readonly unknown: readonly string[];
  /**
   * How many of these keys Cloud Sync may have given, so that the archive has lost descriptions.
   */
  readonly undescribed: number;
  /** Keys of files that the archive refuses to show. */
  readonly unreadable: readonly string[];
  /** The given keys and patterns that match nothing. */
  readonly unmatched: readonly string[];
  /** What a person must know before the files are restored. */
  readonly events: readonly Event[];
  /** Notes that a file of the plan is done. After the last file of a medium, the medium is done. */
  noteDone(planned: PlannedFile, accounting: Accounting): void;
}

/** The shape of the keys that `plan/naming.ts` gives. */
const ownKey = /^[a-z_]+-videos\/(?:\d{4}\/\d{2}|undated)\/[^/]+__[^/]+$/;

interface PlanPorts {
  readonly destination: Destination;
  readonly target: Target;
}

interface PlanOptions {
  readonly filters: Filters | undefined;
  readonly words: readonly string[];
  readonly flat: boolean;
}

/** Reads all descriptions of the archive, and decides what is restored under which name. */
export async function planFiles(ports: PlanPorts, options: PlanOptions, signal: AbortSignal): Promise<RestorePlan> {
  const { destination, target } = ports;
  const refused = new Map<string, unknown>();
  const listing = destination.list({ onUnreadable: (key, error) => void refused.set(key, error) });
  const media = await collectMedia(stoppable(listing, signal));
  const all = media.flatMap(({ files }) => files);
  const known = new Set([...all.map(({ key }) => key), ...refused.keys()]);
  const unknown = await Array.fromAsync(stoppable(destination.unknown(known), signal));
  const selected = selectFiles(media, options);
  const maxNameBytes = await target.maxNameBytes();
  const names = options.flat ? nameByCamera(all, maxNameBytes) : nameByKeys(selected.files, maxNameBytes);
  const files = selected.files.map((file) => ({ file, ...names.get(file.key)! }));
  // A person who names single files knows that others are missing.
  const lacking = options.words.length > 0 ? [] : selected.media.filter((medium) => countLacking(medium) > 0);
  const isNamed = anyPattern(options.words);
  const unreadable = [...refused].filter(([key]) => options.words.length === 0 || isNamed(key));
  const unmatched = selected.unmatchedWords.filter((word) => !unreadable.some(([key]) => anyPattern([word])(key)));
  return {
    selected,
    files,
    media: selected.media.length,
    bytes: selected.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    missing: lacking.reduce((sum, medium) => sum + countLacking(medium), 0),
    unknown,
    undescribed: isEverything(options) ? unknown.filter((key) => ownKey.test(key)).length : 0,
    unreadable: unreadable.map(([key]) => key),
    unmatched,
    events: [
      ...unmatched.map((word) => unmatchedEvent(word, destination)),
      ...selected.unmatchedFilters.map((message) => ({ type: 'warning', message }) as const),
      ...unreadable.map(([key, error]) => unreadableEvent(key, error)),
      ...lacking.map(lackingEvent),
      ...unknown.map((key) => ({ type: 'file.unknown', key, path: `${destination.location}/${key}` }) as const),
      ...files.filter(({ reason }) => reason !== undefined).map((planned) => renamedEvent(planned, target)),
    ],
    noteDone: createDoneNotes(files),
  };
}

function isEverything({ words, filters }: PlanOptions): boolean {
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

function renamedEvent({ file, name, reason = '' }: PlannedFile, { location }: Target): Event {
  const { id, key, medium } = file;
  return { type: 'file.renamed', id, mediaId: medium.id, key, path: `${location}/${name}`, reason };
}

function createDoneNotes(files: readonly PlannedFile[]): RestorePlan['noteDone'] {
  const left = new Map<ArchivedMedium, number>();
  for (const { file } of files) left.set(file.medium, (left.get(file.medium) ?? 0) + 1);
  return ({ file: { medium } }, accounting) => {
    const rest = (left.get(medium) ?? 1) - 1;
    left.set(medium, rest);
    if (rest === 0) accounting.endMedium(medium.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  };
}
