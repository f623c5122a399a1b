import type { DescribedFile, Part } from '../../destination/destination.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MediumStatus, OriginalStatus, Role } from '../../media.ts';
import type { ListingState, Tracker } from '../tracker.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Group } from './records.ts';
import type { Counts } from './tally.ts';

/** What the ledger needs from a store. A store loads, saves and scans records, and has no rules. */

/** Reads records for one command. */
export interface Reader {
  medium(mediaId: string): MediumRecord | undefined;
  /** The known media of these ids, in any order. */
  media(mediaIds: readonly string[]): readonly MediumRecord[];
  original(id: string): OriginalRecord | undefined;
  /**
   * Returns originals in the order in which they were recorded. Returns none for an unknown medium.
   */
  originalsOf(mediaId: string): readonly OriginalRecord[];
  /** The parts of an original's upload, by number. */
  partsOf(original: OriginalRecord): readonly Part[];
  latestRunId(): string | null;
}

/** The time at which a command runs. */
export interface Time {
  readonly nowMs: number;
  /** ISO 8601. */
  readonly now: string;
}

/**
 * Reads and changes records for one command. The records that the command read are still unchanged
 * when its changes are saved.
 */
export interface Unit extends Reader, Time {
  /** Saves a known or new medium. */
  saveMedium(medium: MediumRecord): void;
  /**
   * Saves a medium that a listing showed to a run. Each store notes in its own way what a run saw.
   */
  saveSeen(medium: MediumRecord, runId: string): void;
  saveOriginal(original: OriginalRecord): void;
  /** Adds the originals whose id and key are free, and returns them. Their medium must be known. */
  addOriginals(originals: readonly OriginalRecord[]): readonly OriginalRecord[];
  /**
   * Changes the id and key of an original, and drops its parts. Returns false and changes nothing
   * if the id or key is taken.
   */
  moveOriginal(original: OriginalRecord, moved: OriginalRecord): boolean;
  /** Saves a part of an original's upload. A part with a known number is replaced. */
  savePart(original: OriginalRecord, part: Part): void;
  /** Drops the parts of the original's earlier uploads. The original must be saved before. */
  dropParts(original: OriginalRecord): void;
}

/** The run lease. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
}

export interface ScanOptions {
  /** The scan reads only these fields. */
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
  /** Whether an archived file belongs to this ledger, if several ledgers share an archive. */
  owns(file: DescribedFile): boolean;

  /** Runs a command that only reads. */
  read<Result>(work: (reader: Reader) => Result): Promise<Result>;
  /**
   * Runs a command, and saves all of its changes or none. `work` may be repeated, so it has no
   * effect except on its unit.
   */
  change<Result>(work: (unit: Unit) => Result): Promise<Result>;
  /** Runs a command for each id, in any order. All or some of the commands are saved together. */
  changeEach<Result>(ids: readonly string[], work: (unit: Unit, id: string) => Result): Promise<readonly Result[]>;
  /** The best number of files to adopt in one `change`. */
  readonly adoptedAtOnce: number;

  /**
   * Yields media with their originals, in pages. `statuses` asks for media that have, or whose
   * originals have, one of the statuses. A store may yield other media too.
   */
  scan(options?: ScanOptions): AsyncIterable<readonly Group[]>;
  /** Yields the media that are open for `roles`. Each medium is read when its turn comes. */
  openMedia(roles: readonly Role[]): AsyncIterable<MediumRecord>;
  /**
   * Finds media and originals by status. With `until`, finds only media whose status began then or
   * earlier. May miss a new write.
   */
  inStatus(status: MediumStatus | OriginalStatus, until?: string): Promise<readonly Found[]>;
  /** Returns the originals that have an intent or an upload. */
  originalsWith(field: 'intent' | 'upload'): Promise<readonly OriginalRecord[]>;
  /** Counts everything without reading each record. If it is absent, the ledger uses `scan`. */
  countAll?(roles: readonly Role[]): Counts;

  /** Returns the media of an account that a complete listing of the run may change. */
  sightings(account: string, runId: string): Promise<readonly { readonly id: string; readonly isSeen: boolean }[]>;
  /** Saves the state of a listing. If `lastFullAt` is null, the earlier time is kept. */
  saveListing(account: string, state: ListingState): Promise<void>;

  /**
   * Reads the run lease and saves the result of `decide`. An undefined lease means that there is
   * none.
   */
  changeLease<Answer>(
    decide: (lease: Lease | undefined) => { readonly lease: Lease | undefined; readonly answer: Answer },
  ): Promise<Answer>;
  /**
   * Records the beginning of a run, and removes all runs but the last `kept`. A known run is not
   * recorded again.
   */
  addRun(runId: string, kept: number): Promise<void>;
  /** Records that the archive was adopted. Afterwards `needsAdoption` returns false. */
  setAdopted(): Promise<void>;
}
