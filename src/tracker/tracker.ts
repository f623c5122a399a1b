import type { ContentFacts, DescribedFile, Part, UploadState } from '../destination/destination.ts';
import type { ErrorCode } from '../errors.ts';
import type { Mark, Medium, MediumStatus, Original, OriginalStatus, Role, Tally, Validator } from '../media.ts';

/** A medium with everything that is known beyond its listing. */
export interface TrackedMedium {
  readonly medium: Medium;
  readonly status: MediumStatus;
  /** The roles that the medium was resolved for. Empty before the first resolve. */
  readonly resolvedRoles: readonly Role[];
  /** The number of originals that exist at the provider but are not available yet. */
  readonly unavailable: number;
  readonly firstSeenAt: string;
  /**
   * When the status began, in ISO 8601. For WAITING this is the start of the whole wait. For FAILED
   * this is the time of the last failed run.
   */
  readonly statusSince: string;
  readonly reason: string | null;
  readonly failedRuns: number;
  /** When a complete listing first did not show the medium. null if the medium is not gone. */
  readonly goneSince: string | null;
}

export interface TrackedOriginal {
  /** The result of `originalId` for `original` and its revision. */
  readonly id: string;
  readonly original: Original;
  readonly status: OriginalStatus;
  readonly mark: Mark | null;
  readonly sizeBytes: number | null;
  readonly crc32: number | null;
  readonly validator: Validator;
  readonly upload: UploadState | null;
  /** The number of claims so far. A write is refused if its claim has a lower number. */
  readonly attempt: number;
  readonly failedRuns: number;
  readonly errorCode: ErrorCode | null;
  readonly reason: string | null;
  /** When the status last changed; ISO 8601. */
  readonly statusSince: string;
}

/**
 * Proof that a worker claimed an original. A write with this proof fails with LEASE_LOST after the
 * original was claimed again.
 */
export interface Claim {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** The size and checksum of an original's bytes, and the provider's validator for them. */
export interface Content extends ContentFacts {
  readonly validator: Validator;
}

export interface ListingState {
  /**
   * When the last complete and consistent listing ended, in ISO 8601. null if there was none yet.
   */
  readonly lastFullAt: string | null;
  /** The number of media of the account that the last listing showed. */
  readonly listed: number;
}

export interface RunRecord {
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: string | null;
  /** The `run.finished` event as JSON. null while the run is active, or if the run was killed. */
  readonly summary: string | null;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly reason: string;
  /** After this many failed runs the medium or original becomes QUARANTINED instead of FAILED. */
  readonly quarantineAfter: number;
}

/** What a listing page changed. */
export interface PageChanges {
  readonly added: number;
  readonly changed: number;
  /** Media that were known, not gone, and unchanged. */
  readonly unchanged: number;
}

/** One medium with its originals, as the command `list` shows them. */
export interface TrackedRow {
  readonly tracked: TrackedMedium;
  readonly originals: readonly TrackedOriginal[];
}

/**
 * The ledger of media, originals, uploads and runs of one archive. Once the promise of a write
 * resolves, the write survives a kill of the process. A read sees every write that resolved before
 * the read began, and may miss other writes. Times come from the caller's clock. Every method may
 * throw TRACKER_UNUSABLE.
 */
export interface Tracker {
  /** The archive that this ledger belongs to. */
  readonly archiveId: string;

  /**
   * True until `adopt` has completed once. Until then the archive may know more than the ledger.
   */
  needsAdoption(): Promise<boolean>;

  /**
   * Records the files that the archive describes, as COMPLETED originals. A medium becomes RESOLVED
   * if the archive has all originals of its roles, and LISTED otherwise. Never overrules an
   * existing record, and may be repeated. Afterwards `needsAdoption()` is false. Returns the number
   * of new originals.
   */
  adopt(files: AsyncIterable<DescribedFile>): Promise<number>;

  /**
   * Takes the run lease, or returns its holder. The lease of a dead holder (`isDead`) is taken at
   * once. The lease of any other holder is taken only after its expiry.
   */
  acquireRunLease(
    owner: string,
    ttlMs: number,
    isDead: (holder: string) => Promise<boolean>,
  ): Promise<{ readonly granted: true } | { readonly granted: false; readonly holder: string }>;
  /** Extends the run lease. Returns false if `owner` does not have the lease any more. */
  renewRunLease(owner: string, ttlMs: number): Promise<boolean>;
  releaseRunLease(owner: string): Promise<void>;

  /**
   * Records a run. The run lease allows only one run at a time. So earlier runs left the originals
   * that are still IN_PROGRESS, and these originals become PENDING.
   */
  beginRun(runId: string): Promise<void>;
  finishRun(runId: string, outcome: string, summary: string): Promise<void>;
  /** Returns at most `limit` runs, the newest first. */
  runs(limit: number): Promise<readonly RunRecord[]>;

  /** Returns a small value that is kept between runs, such as how to send credentials. */
  getFact(name: string): Promise<string | undefined>;
  setFact(name: string, value: string): Promise<void>;

  /**
   * Records one page of a listing. A new medium becomes LISTED, or WAITING if it is not ready. A
   * known medium gets the fields of the listing. If its `mediumVersion` changed or the medium was
   * gone, the medium becomes LISTED or WAITING like a new one, and its SOURCE_DELETED originals
   * become PENDING. An adopted medium may have no version yet. To fill in the version is not a
   * change. A medium that did not change keeps its status, except that its readiness moves it
   * between WAITING and LISTED.
   */
  recordPage(media: readonly Medium[], runId: string): Promise<PageChanges>;
  listingState(account: string): Promise<ListingState>;
  /** The number of known media of the provider that are not gone, over all accounts. */
  knownCount(): Promise<number>;
  /**
   * Ends a listing. After a complete listing, every medium of the account that this run did not see
   * gets `goneSince`, and its unarchived originals become SOURCE_DELETED. A medium that an earlier
   * run made SOURCE_DELETED, but that the listing still shows, is listed again. After a quick
   * listing only the number `listed` is saved. Returns how many media are newly gone.
   */
  finishListing(listing: {
    readonly account: string;
    readonly runId: string;
    readonly complete: boolean;
    readonly listed: number;
  }): Promise<number>;

  /**
   * Yields the media that need work for `roles`, in any order. These are media that are LISTED,
   * WAITING, FAILED or not RESOLVED for all of `roles`, and media with an original that is PENDING,
   * IN_PROGRESS, FAILED or marked. Media that are gone, QUARANTINED or SOURCE_DELETED are left out.
   */
  openMedia(roles: readonly Role[]): AsyncIterable<TrackedMedium>;
  medium(mediaId: string): Promise<TrackedMedium | undefined>;
  /** Every revision of every original of a medium. */
  originals(mediaId: string): Promise<readonly TrackedOriginal[]>;
  /**
   * Yields every tracked medium. With `statuses`, only media whose own status, or that of one of
   * their originals, is in the list.
   */
  rows(statuses?: readonly (OriginalStatus | MediumStatus)[]): AsyncIterable<TrackedRow>;
  /** Whether an original has this key. Keys are compared case-folded. */
  keyTaken(key: string): Promise<boolean>;

  /** Records what a `get` or `resolve` found out about the medium as a whole. */
  setMediumStatus(mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): Promise<void>;
  /** Counts a failed run. The medium becomes FAILED, or QUARANTINED at the limit. */
  failMedium(mediaId: string, failure: Failure): Promise<MediumStatus>;
  /**
   * Records a resolve in one step. The medium becomes RESOLVED for `roles`, or WAITING if
   * `unavailable` is not 0. New originals become PENDING, and known originals stay as they are.
   * Returns all originals of the medium. Errors: KEY_TAKEN if another original has the key of a new
   * original. In that case the resolve is not recorded.
   */
  recordResolution(
    mediaId: string,
    resolution: { readonly roles: readonly Role[]; readonly unavailable: number; readonly originals: readonly Original[] },
  ): Promise<readonly TrackedOriginal[]>;

  /**
   * Claims an original for `leaseMs`. Returns undefined if the original's status or another owner's
   * valid lease forbids the claim.
   */
  claim(id: string, owner: string, leaseMs: number): Promise<Claim | undefined>;
  /** Extends the leases of all claims of an owner. */
  renewClaims(owner: string, leaseMs: number): Promise<void>;
  /**
   * Gives an unfinished original back. The original becomes PENDING, and keeps its upload and
   * parts.
   */
  release(claim: Claim): Promise<void>;

  /** Replaces the upload, and drops the parts of the earlier upload. null removes the upload. */
  saveUpload(claim: Claim, upload: UploadState | null): Promise<void>;
  savePart(claim: Claim, part: Part): Promise<void>;
  /** Returns the upload and parts that `saveUpload` and `savePart` saved. */
  upload(id: string): Promise<{ readonly state: UploadState; readonly parts: readonly Part[] } | undefined>;
  /**
   * Gives another revision and key to a claimed original that was never completed, because its key
   * holds bytes that we must not replace. The upload and its parts are dropped. The original stays
   * claimed under its new id. Errors: KEY_TAKEN if another original has the new key.
   */
  rekey(claim: Claim, original: Original): Promise<{ readonly tracked: TrackedOriginal; readonly claim: Claim }>;

  /** Records an intent: the content that is about to be published. */
  recordIntent(claim: Claim, content: Content): Promise<void>;
  /** Returns the originals that have an intent and are not COMPLETED. */
  intents(): Promise<readonly TrackedOriginal[]>;
  /**
   * Makes a published original COMPLETED. Drops its upload and parts, and clears its mark and
   * failed runs.
   */
  complete(claim: Claim, content: Content): Promise<void>;
  /**
   * Makes an original with an intent COMPLETED without a claim. A run calls this at its start when
   * it finds the file published.
   */
  completeIntent(id: string): Promise<void>;
  /**
   * Ends the work on an original for this run. The original becomes FAILED or QUARANTINED. If it
   * vanished meanwhile, it stays SOURCE_DELETED. Its upload and parts are kept.
   */
  fail(claim: Claim, failure: Failure): Promise<OriginalStatus>;
  /**
   * Records that a medium vanished. The medium and its unarchived originals become SOURCE_DELETED.
   */
  vanish(mediaId: string, reason: string): Promise<void>;

  /** Sets or clears the mark that `verify` found. */
  setMark(id: string, mark: Mark | null): Promise<void>;
  /** Makes a marked original PENDING again under its own key, and clears the mark. */
  repair(id: string): Promise<void>;
  /** Replaces only the validator, because the provider has a new validator for the same content. */
  setValidator(id: string, validator: Validator): Promise<void>;
  /**
   * Gives FAILED and QUARANTINED media and originals a fresh start. `mediaIds` restricts this to
   * some media. Returns the number of media and originals.
   */
  retry(mediaIds?: readonly string[]): Promise<number>;

  /**
   * Counts the media and originals that a run covers. If `covers` is undefined, it counts all
   * media.
   */
  tally(roles: readonly Role[], covers?: (medium: Medium) => boolean): Promise<Tally>;
  /** Returns the ids of the uploads that a run still needs. */
  uploads(): Promise<readonly string[]>;

  close(): Promise<void>;
}
