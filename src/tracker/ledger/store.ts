import type { DescribedFile, Part } from '../../destination/destination.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MediumStatus, OriginalStatus, Role } from '../../media.ts';
import type { ListingState, Tracker } from '../tracker.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Group } from './records.ts';
import type { Counts } from './tally.ts';

/** What a ledger asks of a store: load, save, scan, lock, keep parts. A store has no rules. */

/** The records that one command reads. */
export interface Reader {
  medium(mediaId: string): MediumRecord | undefined;
  /** Those of the media that are known, in any order. */
  media(mediaIds: readonly string[]): readonly MediumRecord[];
  original(id: string): OriginalRecord | undefined;
  /** In the order in which they were recorded; none of a medium that is not known. */
  originalsOf(mediaId: string): readonly OriginalRecord[];
  /** Parts of its upload, by number. */
  partsOf(original: OriginalRecord): readonly Part[];
  latestRunId(): string | null;
}

/** When a command is carried out. */
export interface Time {
  readonly nowMs: number;
  /** ISO 8601. */
  readonly now: string;
}

/** The records that a command reads and changes. What it read is still so when it saves. */
export interface Unit extends Reader, Time {
  /** Also one that is new. */
  saveMedium(medium: MediumRecord): void;
  /** Saves a medium as seen by a run. A store keeps in its own way which media a run saw. */
  saveSeen(medium: MediumRecord, runId: string): void;
  saveOriginal(original: OriginalRecord): void;
  /** Adds those whose id and key are free, and returns them. Their medium is known. */
  addOriginals(originals: readonly OriginalRecord[]): readonly OriginalRecord[];
  /** Changes id and key, and drops the parts. False: another has them, and nothing is done. */
  moveOriginal(original: OriginalRecord, moved: OriginalRecord): boolean;
  /** Parts belong to the upload of an original; one with a known number is replaced. */
  savePart(original: OriginalRecord, part: Part): void;
  /** Drops the parts of every upload that the original, as it is saved now, no longer has. */
  dropParts(original: OriginalRecord): void;
}

/** The run lease. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
}

export interface ScanOptions {
  /** The records have only these. */
  readonly fields?: { readonly medium: readonly (keyof MediumRecord)[]; readonly original: readonly (keyof OriginalRecord)[] };
  readonly statuses?: readonly (OriginalStatus | MediumStatus)[];
}

export interface Found {
  readonly kind: 'medium' | 'original';
  readonly id: string;
}

/** The methods of the port that need no rule of the ledger. */
export type PlainMethods = Pick<
  Tracker,
  'needsAdoption' | 'finishRun' | 'runs' | 'getFact' | 'setFact' | 'listingState' | 'knownCount' | 'keyTaken' | 'close'
>;

export interface Store {
  readonly clock: Clock;
  readonly plain: PlainMethods;
  /** Whether an archived file belongs to this ledger, where several ledgers share an archive. */
  owns(file: DescribedFile): boolean;

  /** Carries out a command that only reads. */
  read<Result>(work: (reader: Reader) => Result): Promise<Result>;
  /** Saves all or nothing. `work` may be repeated, so it has no effect but on its unit. */
  change<Result>(work: (unit: Unit) => Result): Promise<Result>;
  /** A command for each id. All or some of them are saved together, in any order. */
  changeEach<Result>(ids: readonly string[], work: (unit: Unit, id: string) => Result): Promise<readonly Result[]>;
  /** How many files `change` adopts at once at best. */
  readonly adoptedAtOnce: number;

  /**
   * Media with their originals, in pages: at least those with one of `statuses`, by default all.
   */
  scan(options?: ScanOptions): AsyncIterable<readonly Group[]>;
  /** Media that are open for `roles`; each is read when it is its turn. */
  openMedia(roles: readonly Role[]): AsyncIterable<MediumRecord>;
  /** With `until` only media that are in the status since then or longer. May miss a new write. */
  inStatus(status: MediumStatus | OriginalStatus, until?: string): Promise<readonly Found[]>;
  /** Originals that have an intent or an upload. */
  originalsWith(field: 'intent' | 'upload'): Promise<readonly OriginalRecord[]>;
  /** Counts everything without reading each record. Omitted: `scan` has to do. */
  countAll?(roles: readonly Role[]): Counts;

  /** At least the media of an account that a run's complete listing changes. */
  sightings(account: string, runId: string): Promise<readonly { readonly id: string; readonly isSeen: boolean }[]>;
  /** `lastFullAt` null: as it was. */
  saveListing(account: string, state: ListingState): Promise<void>;

  /** Reads the run lease and saves what `decide` makes of it; undefined: there is none. */
  changeLease<Answer>(
    decide: (lease: Lease | undefined) => { readonly lease: Lease | undefined; readonly answer: Answer },
  ): Promise<Answer>;
  /** Records that a run began and forgets all but the last `kept`. No change for a known run. */
  addRun(runId: string, kept: number): Promise<void>;
  /** Ends `needsAdoption`. */
  setAdopted(): Promise<void>;
}
