import type { ContentFacts, DescribedFile, Part, UploadState } from '../destination/destination.ts';
import type { ErrorCode } from '../errors.ts';
import type { Mark, Medium, MediumStatus, Original, OriginalStatus, Role, Tally, Validator } from '../media.ts';

/** A medium with everything that is known beyond its listing. */
export interface TrackedMedium {
  readonly medium: Medium;
  readonly status: MediumStatus;
  /** Roles that its originals were resolved for. Empty before the first resolve. */
  readonly resolvedRoles: readonly Role[];
  /** Originals that exist but are not available yet. */
  readonly unavailable: number;
  readonly firstSeenAt: string;
  /** The start of WAITING, or the time of the last FAILED; ISO 8601. */
  readonly statusSince: string;
  readonly reason: string | null;
  readonly failedRuns: number;
  /** When a complete listing first missed the medium. */
  readonly goneSince: string | null;
}

export interface TrackedOriginal {
  /** `originalId` of the identity and revision. */
  readonly id: string;
  readonly original: Original;
  readonly status: OriginalStatus;
  readonly mark: Mark | null;
  readonly sizeBytes: number | null;
  readonly crc32: number | null;
  readonly validator: Validator;
  readonly upload: UploadState | null;
  /** Number of claims so far: the fencing number of the present lease. */
  readonly attempt: number;
  readonly failedRuns: number;
  readonly errorCode: ErrorCode | null;
  readonly reason: string | null;
  /** When the status last changed; ISO 8601. */
  readonly statusSince: string;
}

/** Proof of a claim. Every write carries it, and fails with LEASE_LOST after another claim. */
export interface Claim {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** The facts of an original's bytes, and the provider's version of them. */
export interface Content extends ContentFacts {
  readonly validator: Validator;
}

export interface ListingState {
  /** When the last complete, consistent listing ended; null before the first. ISO 8601. */
  readonly lastFullAt: string | null;
  /** Media of the account that the last listing showed. */
  readonly listed: number;
}

export interface RunRecord {
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: string | null;
  /** The `run.finished` event as JSON; null while the run goes on or if it was killed. */
  readonly summary: string | null;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly reason: string;
  /** A FAILED one becomes QUARANTINED after this many failed runs. */
  readonly quarantineAfter: number;
}

/** What a listing page changed. */
export interface PageChanges {
  readonly added: number;
  readonly changed: number;
  /** Media that were known, not gone, and unchanged. */
  readonly unchanged: number;
}

/** A row of `list`: a medium with its originals. */
export interface TrackedRow {
  readonly tracked: TrackedMedium;
  readonly originals: readonly TrackedOriginal[];
}

/**
 * The ledger of media, originals, uploads and runs of one archive. A write survives a kill of the
 * process once its promise resolves; a read sees every write that was answered before it, and may
 * miss any other. Times are those of the caller's clock. Errors of every method: TRACKER_UNUSABLE.
 */
export interface Tracker {
  /** The archive that this ledger belongs to. */
  readonly archiveId: string;

  /** True until one `adopt` is completed: the archive may know more than the ledger. */
  needsAdoption(): Promise<boolean>;

  /**
   * Records what the archive says of itself, as COMPLETED originals. A medium whose set is complete
   * for its roles becomes RESOLVED, another LISTED. Idempotent; never overrules a record that
   * exists. Ends with `needsAdoption()` false.
   */
  adopt(files: AsyncIterable<DescribedFile>): Promise<number>;

  /**
   * Takes the run lease, or names its holder. A dead holder's lease (`isDead`) is taken at once,
   * any other after its expiry.
   */
  acquireRunLease(
    owner: string,
    ttlMs: number,
    isDead: (holder: string) => Promise<boolean>,
  ): Promise<{ readonly granted: true } | { readonly granted: false; readonly holder: string }>;
  /** False if another owner has the lease. */
  renewRunLease(owner: string, ttlMs: number): Promise<boolean>;
  releaseRunLease(owner: string): Promise<void>;

  /**
   * Records a run. The run lease excludes others, so originals that earlier runs left IN_PROGRESS
   * become PENDING.
   */
  beginRun(runId: string): Promise<void>;
  finishRun(runId: string, outcome: string, summary: string): Promise<void>;
  /** Newest first. */
  runs(limit: number): Promise<readonly RunRecord[]>;

  /** Small facts kept between runs, such as how to send credentials. */
  getFact(name: string): Promise<string | undefined>;
  setFact(name: string, value: string): Promise<void>;

  /**
   * Records one page. A new medium is LISTED, or WAITING when not ready. A known one gets the
   * listing's fields; if its `mediumVersion` changed or it was gone, it becomes LISTED again
   * (WAITING when not ready) and its SOURCE_DELETED originals PENDING. A medium that adoption found
   * may have no version yet: to fill it in is no change. A medium that did not change keeps its
   * status, except that a WAITING one that is ready now becomes LISTED.
   */
  recordPage(media: readonly Medium[], runId: string): Promise<PageChanges>;
  listingState(account: string): Promise<ListingState>;
  /** Media of the provider that are known and not gone, over all accounts. */
  knownCount(): Promise<number>;
  /**
   * Ends a listing. After a complete one, media of the account that this run did not see get
   * `goneSince`, and their originals that are not archived become SOURCE_DELETED. Media that an
   * earlier run called SOURCE_DELETED but the listing still shows are LISTED again. After a quick
   * one only the number listed is kept. Returns how many are newly gone.
   */
  finishListing(listing: {
    readonly account: string;
    readonly runId: string;
    readonly complete: boolean;
    readonly listed: number;
  }): Promise<number>;

  /**
   * Media with work for `roles`: LISTED, WAITING, FAILED, RESOLVED for fewer roles, or with an
   * original that is PENDING, IN_PROGRESS, FAILED or marked. Without media that are gone,
   * QUARANTINED or SOURCE_DELETED. In any order.
   */
  openMedia(roles: readonly Role[]): AsyncIterable<TrackedMedium>;
  medium(mediaId: string): Promise<TrackedMedium | undefined>;
  /** Every revision of every original of a medium. */
  originals(mediaId: string): Promise<readonly TrackedOriginal[]>;
  /** Every tracked medium, or those where the medium or an original has one of the statuses. */
  rows(statuses?: readonly (OriginalStatus | MediumStatus)[]): AsyncIterable<TrackedRow>;
  /** Whether a key is in use, compared case-folded. */
  keyTaken(key: string): Promise<boolean>;

  /** Records the outcome of a `get` or `resolve` for the medium as a whole. */
  setMediumStatus(mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): Promise<void>;
  /** Counts a failed run: FAILED, or QUARANTINED at the limit. */
  failMedium(mediaId: string, failure: Failure): Promise<MediumStatus>;
  /**
   * Records a resolve in one step: the medium is RESOLVED for `roles` (WAITING when `unavailable`
   * is not 0), new originals are PENDING, known ones stay as they are. Returns all originals of the
   * medium. Errors: KEY_TAKEN when another original has the key of a new one; the medium is then as
   * unresolved as before.
   */
  recordResolution(
    mediaId: string,
    resolution: { readonly roles: readonly Role[]; readonly unavailable: number; readonly originals: readonly Original[] },
  ): Promise<readonly TrackedOriginal[]>;

  /**
   * Claims an original for `leaseMs`; undefined if its status or a valid lease of another owner
   * forbids it.
   */
  claim(id: string, owner: string, leaseMs: number): Promise<Claim | undefined>;
  /** Extends the leases of all claims of an owner. */
  renewClaims(owner: string, leaseMs: number): Promise<void>;
  /** Gives an original back unfinished: PENDING, with its upload and parts. */
  release(claim: Claim): Promise<void>;

  /** Replaces the upload and its parts; null: there is no upload. */
  saveUpload(claim: Claim, upload: UploadState | null): Promise<void>;
  savePart(claim: Claim, part: Part): Promise<void>;
  /** The upload and parts saved by `saveUpload` and `savePart`. */
  upload(id: string): Promise<{ readonly state: UploadState; readonly parts: readonly Part[] } | undefined>;
  /**
   * Gives a claimed original that was never completed another revision and key, because its key
   * holds bytes that are not ours to replace. Upload and parts are dropped. It stays claimed under
   * the new id. Errors: KEY_TAKEN when another original has the new key.
   */
  rekey(claim: Claim, original: Original): Promise<{ readonly tracked: TrackedOriginal; readonly claim: Claim }>;

  /** Records an intent: the content that is about to be published. */
  recordIntent(claim: Claim, content: Content): Promise<void>;
  /** Originals with an intent that are not COMPLETED. */
  intents(): Promise<readonly TrackedOriginal[]>;
  /** Completes after publishing; drops upload and parts, clears a mark and the failed runs. */
  complete(claim: Claim, content: Content): Promise<void>;
  /** Completes an intent without a claim, when the start of a run finds the file published. */
  completeIntent(id: string): Promise<void>;
  /**
   * Ends the original for this run: FAILED, QUARANTINED, or SOURCE_DELETED if it vanished. Upload
   * and parts are kept.
   */
  fail(claim: Claim, failure: Failure): Promise<OriginalStatus>;
  /** The medium vanished: it and its originals that are not archived are SOURCE_DELETED. */
  vanish(mediaId: string, reason: string): Promise<void>;

  /** Sets or clears the mark that `verify` found. */
  setMark(id: string, mark: Mark | null): Promise<void>;
  /** Makes a marked original PENDING again under its own key, and clears the mark. */
  repair(id: string): Promise<void>;
  /** Replaces only the validator, when the same content has a new one. */
  setValidator(id: string, validator: Validator): Promise<void>;
  /**
   * Gives FAILED and QUARANTINED media and originals a fresh start, all or those of some media.
   * Returns their number.
   */
  retry(mediaIds?: readonly string[]): Promise<number>;

  /** Counts the media and originals that a run covers. `covers` undefined: everything. */
  tally(roles: readonly Role[], covers?: (medium: Medium) => boolean): Promise<Tally>;
  /** Upload ids that are still needed. */
  uploads(): Promise<readonly string[]>;

  close(): Promise<void>;
}
