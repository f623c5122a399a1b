import type { DescribedFile, Part } from '../../destination/destination.ts';
import type { LeaseCell } from '../../lease.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Mark, MediumStatus, OriginalStatus, Role, RunKind } from '../../media.ts';
import type { ListingState, Tracker } from '../tracker.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Group } from './records.ts';
import type { Counts } from './tally.ts';

/** What a ledger needs of a store: load, save, scan, lock, keep parts. A store has no rules. */

/** The records that one command reads. */
export interface Reader {
  medium(mediaId: string): MediumRecord | undefined;
  /** The known media of these ids, in any order. */
  media(mediaIds: readonly string[]): readonly MediumRecord[];
  original(id: string): OriginalRecord | undefined;
  /** The originals in the order in which they were recorded. Empty for an unknown medium. */
  originalsOf(mediaId: string): readonly OriginalRecord[];
  /** The parts of an original's upload, sorted by number. */
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
 * Reads and changes records for a command. The records that a command has read stay unchanged until
 * the command saves.
 */
export interface Unit extends Reader, Time {
  /** Saves a known or new medium. */
  saveMedium(medium: MediumRecord): void;
  /** Saves a medium that a run saw. Each store keeps the media of a run in its own way. */
  saveSeen(medium: MediumRecord, runId: string): void;
  saveOriginal(original: OriginalRecord): void;
  /** Adds the originals whose id and key are free, and returns them. Their medium must be known. */
  addOriginals(originals: readonly OriginalRecord[]): readonly OriginalRecord[];
  /**
   * Changes the id and the key of an original, and drops its parts. Returns false, without a
   * change, if the id or the key is taken.
   */
  moveOriginal(original: OriginalRecord, moved: OriginalRecord): boolean;
  /** Saves a part of an original's upload. A part with a known number is replaced. */
  savePart(original: OriginalRecord, part: Part): void;
  /** Drops the parts of the original's earlier uploads. The original is saved before this call. */
  dropParts(original: OriginalRecord): void;
}

export interface ScanOptions {
  /** If given, the scan reads only these fields. */
  readonly fields?: { readonly medium: readonly (keyof MediumRecord)[]; readonly original: readonly (keyof OriginalRecord)[] };
  readonly statuses?: readonly Finding[];
}

/**
 * What a store can find. DISPUTED: an archived original whose proof is `disputed`. If it has a
 * mark, a store may find it only by its mark.
 */
export type Finding = OriginalStatus | MediumStatus | Mark | 'DISPUTED';

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
  /** Saves all changes or none. `work` may be repeated, so it has no effect except on its unit. */
  change<Result>(work: (unit: Unit) => Result): Promise<Result>;
  /**
   * Runs a command for each id, in any order. The changes of several commands may be saved
   * together.
   */
  changeEach<Result>(ids: readonly string[], work: (unit: Unit, id: string) => Result): Promise<readonly Result[]>;
  /** The best number of files to adopt in one `change`. */
  readonly adoptedAtOnce: number;

  /**
   * Yields media with their originals, in pages. With `statuses`, a store may leave out media that
   * have none of these statuses and marks.
   */
  scan(options?: ScanOptions): AsyncIterable<readonly Group[]>;
  /**
   * Yields the media in which a run has work for `roles`. Each medium is read just before it is
   * yielded.
   */
  openMedia(roles: readonly Role[]): AsyncIterable<MediumRecord>;
  /**
   * Finds the media and originals in a status, or the originals with a mark or in dispute. If
   * `until` is given, the status must have begun at that time or earlier. A very recent write may
   * be missing.
   */
  inStatus(status: Finding, until?: string): Promise<readonly Found[]>;
  /** Originals that have an intent or an upload. */
  originalsWith(field: 'intent' | 'upload'): Promise<readonly OriginalRecord[]>;
  /** Counts everything without reading each record. If it is absent, the ledger uses `scan`. */
  countAll?(roles: readonly Role[]): Counts;

  /**
   * The ids of the account's media that no page of the run's listing showed, without the media that
   * are already gone.
   */
  unseen(account: string, runId: string): Promise<readonly string[]>;
  /** If `lastFullAt` is null, the stored time stays. */
  saveListing(account: string, state: ListingState): Promise<void>;

  /** The run lease. */
  readonly lease: LeaseCell;
  /** From now on each change fails with LEASE_LOST if the lease has a later fence. */
  useFence(fence: number): void;
  /** Records a new run and removes all runs except the last `kept` ones. Ignores a known run. */
  addRun(run: { readonly id: string; readonly kind: RunKind }, kept: number): Promise<void>;
  /** Ends `needsAdoption`. */
  setAdopted(): Promise<void>;
}
