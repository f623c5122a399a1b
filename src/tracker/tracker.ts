import type { ContentFacts, ListedFile, Part, UploadState } from '../destination/destination.ts';
import type { ErrorCode } from '../errors.ts';
import type { LeaseCell } from '../lease.ts';
import type {
  Evidence,
  Mark,
  Medium,
  MediumStatus,
  Original,
  OriginalStatus,
  Proof,
  Role,
  RunRecord,
  Tally,
  Validator,
} from '../media.ts';

/** What a person accepted, and when (ISO 8601). Both are null if nobody accepted anything. */
interface Acceptance {
  readonly acceptedAt: string | null;
  readonly acceptedReason: string | null;
}

/** A medium as the listing shows it, and what the ledger knows about it. */
export interface TrackedMedium extends Acceptance {
  readonly medium: Medium;
  readonly status: MediumStatus;
  /** The roles for which the medium is resolved. Empty before the first resolve. */
  readonly resolvedRoles: readonly Role[];
  /** How many originals exist but are not available yet. */
  readonly unavailable: number;
  readonly firstSeenAt: string;
  /** When the status began. For a FAILED medium, when it last failed. ISO 8601. */
  readonly statusSince: string;
  /** Since when the medium is not ready, also if the listing now says that it is. */
  readonly waitingSince: string | null;
  readonly reason: string | null;
  readonly failedRuns: number;
  /** When a complete listing first missed the medium. */
  readonly goneSince: string | null;
  /** How many originals the archive lost with their descriptions, so their keys are unknown. */
  readonly absentOriginals: number;
  /** How many runs in a row the provider denied the medium although its listing shows it. */
  readonly denials: number;
}

export interface TrackedOriginal extends Acceptance {
  /** The `originalId` of the original and its revision. */
  readonly id: string;
  readonly original: Original;
  readonly status: OriginalStatus;
  readonly mark: Mark | null;
  readonly sizeBytes: number | null;
  readonly crc32: number | null;
  readonly validator: Validator;
  /** The provider's claim as `encodeClaim` writes it. Null if the provider was never asked. */
  readonly claim: string | null;
  /**
   * Null for an original that is not archived and has no intent. A file whose provider was never
   * asked for a claim is `unchecked` if its ETag has the form of a claim, and otherwise `none`.
   */
  readonly proof: Proof | null;
  /** The part size with which the claim was proven, in bytes. */
  readonly claimPartBytes: number | null;
  /** The CRC32 of bytes that arrived whole but did not match the claim, and were not archived. */
  readonly mismatch: number | null;
  /** When the bytes of the archived file were last read and compared. ISO 8601. */
  readonly checkedAt: string | null;
  readonly upload: UploadState | null;
  /** The worker that has claimed the original; null if none has. */
  readonly owner: string | null;
  /** The number of claims so far. A write with an older number is refused. */
  readonly attempt: number;
  readonly failedRuns: number;
  readonly errorCode: ErrorCode | null;
  readonly reason: string | null;
  /** When the status last changed; ISO 8601. */
  readonly statusSince: string;
  /** When the original last failed; null if it has not. ISO 8601. */
  readonly failedAt: string | null;
  /**
   * When a run last archived the file, also instead of a missing or damaged file; null for a file
   * that was only found in the archive. ISO 8601.
   */
  readonly archivedAt: string | null;
}

/** Proves that a worker has claimed an original. A write with an old claim fails: LEASE_LOST. */
export interface Claim {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** An original's size and checksum, and the validator that the media host sent. */
export interface Content extends ContentFacts {
  readonly validator: Validator;
  /** What is known of the content. Default: `noEvidence`. */
  readonly evidence?: Evidence;
}

/** What a check of an archived file found. An absent field stays as it is. */
export interface Check {
  readonly mark: Mark | null;
  readonly evidence?: Evidence;
  /** Whether every byte was read, so that `checkedAt` becomes now. */
  readonly hasReadBytes: boolean;
}

/** The CRC32 of bytes that arrived whole, and the claim that they contradict. */
export interface Mismatch {
  readonly crc32: number;
  readonly claim: string;
}

export interface ListingState {
  /** When the last complete, consistent listing ended; null before the first. ISO 8601. */
  readonly lastFullAt: string | null;
  /** How many media of the account the last listing showed. */
  readonly listed: number;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly reason: string;
  /** After this many failed runs the medium or original becomes QUARANTINED. */
  readonly quarantineAfter: number;
}

export interface PageChanges {
  readonly added: number;
  readonly changed: number;
  /** The number of media that were known and not gone, and have not changed. */
  readonly unchanged: number;
}

/** Some media and originals of a ledger. Only the ledger itself knows the content. */
export type LedgerPage = readonly unknown[];

/** A row of `list`: a medium with its originals. */
export interface TrackedRow {
  readonly tracked: TrackedMedium;
  readonly originals: readonly RowOriginal[];
}

export interface RowOriginal extends TrackedOriginal {
  /**
   * The archived file has a mark that needs a repair, and the provider no longer has its content.
   */
  readonly lost: boolean;
  /**
   * The original already says what is wrong with its FAILED or QUARANTINED medium, so that the
   * medium is no problem of its own.
   */
  readonly saysWhatIsWrong: boolean;
}

/**
 * What `rows` can select. Several selections may fit one original, such as MISSING and LOST. A
 * proof selects archived files, whatever their mark.
 */
export type Selection = OriginalStatus | MediumStatus | Mark | 'LOST' | 'ACCEPTED' | `proof:${Proof}`;

/**
 * The ledger of media, originals, uploads and runs of one archive. When the promise of a write has
 * resolved, every later read sees the write, and a killed process does not lose it. A read may miss
 * an unfinished write. Times come from the caller's clock. Every method may throw TRACKER_UNUSABLE.
 */
export interface Tracker {
  /** The archive that this ledger belongs to. */
  readonly archiveId: string;

  /**
   * True until `adopt` has been completed once. Until then the ledger may lack files of the
   * archive.
   */
  needsAdoption(): Promise<boolean>;

  /**
   * Adds a COMPLETED original for each file that the archive describes. An absent file is MISSING,
   * and a file of another size is DAMAGED. A new medium becomes RESOLVED if the archive describes
   * all its originals. Otherwise it becomes LISTED, and `absentOriginals` counts its undescribed
   * originals if `forgetsAbsentFiles` is true. A known original with the same key that is neither
   * COMPLETED nor claimed nor has an intent becomes COMPLETED too. Other known originals stay as
   * they are, so `adopt` may be repeated. Afterwards `needsAdoption()` is false. Returns the number
   * of originals that became COMPLETED.
   */
  adopt(files: AsyncIterable<ListedFile>, options?: { readonly forgetsAbsentFiles: boolean }): Promise<number>;

  /** The lease of the run that changes the ledger. */
  readonly lease: LeaseCell;
  /**
   * From now on each write carries this fence. A write fails with LEASE_LOST after the grant of a
   * later fence. Before this call, writes carry the fence of the current lease.
   */
  useFence(fence: number): void;

  /**
   * Records a run. Originals that earlier runs left IN_PROGRESS become PENDING, because the run
   * lease excludes other runs.
   */
  beginRun(runId: string, kind: NonNullable<RunRecord['kind']>): Promise<void>;
  finishRun(runId: string, outcome: string, summary: string): Promise<void>;
  /** Newest first. */
  runs(limit: number): Promise<readonly RunRecord[]>;

  /** Returns a small fact that `setFact` kept, such as how to send credentials. */
  getFact(name: string): Promise<string | undefined>;
  setFact(name: string, value: string): Promise<void>;

  /**
   * Records one page of a listing. A new medium becomes LISTED, or WAITING if it is not ready. A
   * known medium gets the listing's fields. If its `mediumVersion` changed or it was gone, it
   * becomes LISTED or WAITING like a new medium, and its SOURCE_DELETED originals become PENDING.
   * If it did not change, it keeps its status, but readiness moves it between WAITING and LISTED.
   * An adopted medium may get its first version without counting as changed.
   */
  recordPage(media: readonly Medium[], runId: string): Promise<PageChanges>;
  listingState(account: string): Promise<ListingState>;
  /** How many media of the provider are known and not gone, in all accounts. */
  knownCount(): Promise<number>;
  /**
   * Ends a listing. If it was complete, media of the account that this run did not see get
   * `goneSince`, and their unarchived originals become SOURCE_DELETED. Media that the run saw
   * become LISTED again if an earlier run had made them SOURCE_DELETED. If it was not complete,
   * only `listed` is recorded. Returns the number of newly gone media.
   */
  finishListing(listing: {
    readonly account: string;
    readonly runId: string;
    readonly complete: boolean;
    readonly listed: number;
  }): Promise<number>;

  /**
   * Yields the media with work for `roles`, in any order. Such a medium is LISTED, WAITING or
   * FAILED, or RESOLVED for fewer roles, or has an original that is PENDING, IN_PROGRESS, FAILED or
   * marked. Media that are gone, QUARANTINED or SOURCE_DELETED are left out.
   */
  openMedia(roles: readonly Role[]): AsyncIterable<TrackedMedium>;
  medium(mediaId: string): Promise<TrackedMedium | undefined>;
  /** Every revision of every original of a medium. */
  originals(mediaId: string): Promise<readonly TrackedOriginal[]>;
  /**
   * Yields all media with their originals. With `selections`, yields only originals that a
   * selection fits, and only media that a selection fits or that have such an original. A medium
   * is LOST if the provider no longer has it and `absentOriginals` is not 0.
   */
  rows(selections?: readonly Selection[]): AsyncIterable<TrackedRow>;
  /** Whether a key is in use. Upper and lower case count as equal. */
  keyTaken(key: string): Promise<boolean>;

  /** Records the outcome of a `get` or `resolve` for the medium as a whole. */
  setMediumStatus(mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): Promise<void>;
  /** Counts a failed run of the medium, and makes it FAILED, or QUARANTINED at the limit. */
  failMedium(mediaId: string, failure: Failure): Promise<MediumStatus>;
  /**
   * Records a resolve. The medium becomes RESOLVED for `roles`, or WAITING if `unavailable` is not
   * 0. New originals become PENDING. Returns all originals of the medium. Errors: KEY_TAKEN if a
   * new original has the key of another original. Then the medium does not become RESOLVED.
   */
  recordResolution(
    mediaId: string,
    resolution: { readonly roles: readonly Role[]; readonly unavailable: number; readonly originals: readonly Original[] },
  ): Promise<readonly TrackedOriginal[]>;

  /**
   * Claims an original for `leaseMs`. Returns undefined if the original's status or another owner's
   * valid lease forbids the claim. A COMPLETED original that is MISSING, DAMAGED or SUSPECT can be
   * claimed for its repair. It keeps status and mark until `complete`, also if the claim ends by
   * `release` or `fail`.
   */
  claim(id: string, owner: string, leaseMs: number): Promise<Claim | undefined>;
  /** Gives an original back unfinished: PENDING, with its upload and parts. */
  release(claim: Claim): Promise<void>;

  /**
   * Replaces the upload. Drops the saved parts, unless the upload has the same id. Null means that
   * there is no upload.
   */
  saveUpload(claim: Claim, upload: UploadState | null): Promise<void>;
  savePart(claim: Claim, part: Part): Promise<void>;
  /** Returns what `saveUpload` and `savePart` have saved. */
  upload(id: string): Promise<{ readonly state: UploadState; readonly parts: readonly Part[] } | undefined>;
  /**
   * Gives a claimed original another revision and key, because the archive has other content at its
   * key. The original was never completed. Its upload and parts are dropped, and the claim goes on
   * under the new id. Errors: KEY_TAKEN if another original has the new key.
   */
  rekey(claim: Claim, original: Original): Promise<{ readonly tracked: TrackedOriginal; readonly claim: Claim }>;

  /** Records an intent: the content that is about to be published. */
  recordIntent(claim: Claim, content: Content): Promise<void>;
  /**
   * Originals with an intent. If the original is COMPLETED, the intent is to replace its missing or
   * damaged file.
   */
  intents(): Promise<readonly TrackedOriginal[]>;
  /**
   * Completes a published original. Drops its upload and parts, and clears its mark and failed
   * runs. Errors: KEY_TAKEN if its intent states another CRC32 for the same version of the source.
   */
  complete(claim: Claim, content: Content): Promise<void>;
  /**
   * Completes an original without a claim. A run calls it at its start if an intent's file exists.
   */
  completeIntent(id: string): Promise<void>;
  /**
   * Makes a claimed original FAILED or QUARANTINED. If it vanished meanwhile, it stays
   * SOURCE_DELETED. Its upload and parts are kept.
   */
  fail(claim: Claim, failure: Failure): Promise<OriginalStatus>;
  /**
   * Records a 404 for a medium. The medium and its unarchived originals become SOURCE_DELETED. If a
   * listing then shows the medium again and the next request also answers 404, the medium becomes
   * FAILED, or QUARANTINED after `quarantineAfter` failed runs. Returns the new status.
   */
  vanish(mediaId: string, reason: string, quarantineAfter?: number): Promise<MediumStatus>;
  /**
   * Counts a 404 for a medium. The status stays, because the caller cannot know whether
   * the medium is gone. If a later run also gets a 404, `vanish` records it as the second in a row.
   */
  countDenial(mediaId: string): Promise<void>;

  /**
   * Sets the mark of an archived original, as `verify` found it. Null clears the mark. The mark
   * becomes SUPERSEDED if a later revision archives what the claim says, and DAMAGED also if a
   * later revision archives the same content. Returns the new mark.
   */
  setMark(id: string, mark: Mark | null): Promise<Mark | null>;
  /**
   * Records a check of an archived original: its mark as `setMark` does, what is known of its
   * content, and when its bytes were read. Returns the new mark.
   */
  recordCheck(id: string, check: Check): Promise<Mark | null>;
  /**
   * Records that all bytes of a claimed original arrived and did not match its claim. Drops its
   * upload and parts. `complete` and `rekey` clear the mismatch. An archived file that awaits its
   * repair becomes `unchecked` if this claim is new.
   */
  recordMismatch(claim: Claim, mismatch: Mismatch): Promise<void>;
  /** Replaces the validator of an original whose content is unchanged. */
  setValidator(id: string, validator: Validator): Promise<void>;
  /**
   * Gives FAILED and QUARANTINED media and originals a fresh start, and undoes `accept`. Without
   * `mediaIds` it takes all media. Returns the number of media and originals that it changed.
   */
  retry(mediaIds?: readonly string[]): Promise<number>;
  /**
   * Records that a person accepts QUARANTINED, LOST and disputed originals and media as they are. A
   * name is the key of an original, or the id of a medium. An id includes all originals of the
   * medium. All originals of a QUARANTINED medium that are marked or not archived can be accepted
   * too. If a name has nothing to accept, `refused` lists it, and nothing is changed. `accepted`
   * counts originals and media.
   */
  accept(names: readonly string[]): Promise<{ readonly accepted: number; readonly refused: readonly string[] }>;

  /**
   * Counts the media that `covers` accepts, and their originals in `roles`. By default it counts
   * all. `covers` is called once for each medium. `isGone`: the provider no longer has the medium.
   */
  tally(roles: readonly Role[], covers?: (medium: Medium, isGone: boolean) => boolean): Promise<Tally>;
  /** Yields all media and originals, in pages, for the `load` of another ledger. */
  dump(): AsyncIterable<LedgerPage>;
  /** Fills a new ledger with the media and originals of another one, without unfinished uploads. */
  load(pages: AsyncIterable<LedgerPage>): Promise<void>;
  /** Returns the ids of uploads that a run still needs. */
  uploads(): Promise<readonly string[]>;

  close(): Promise<void>;
}
