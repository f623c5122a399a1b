import type { ContentFacts, Destination, FileDescription, Part, StoredFile, UploadState } from '../destination/destination.ts';
import type { SyncError } from '../errors.ts';
import type { Report } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Digests } from '../lib/digest/index.ts';
import type { HttpClient } from '../lib/http/index.ts';
import type { Evidence, Proof, Role } from '../media.ts';
import type { Source } from '../source/source.ts';
import type { Claim, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import type { Accounting } from './accounting.ts';
import type { Fullness } from './fullness.ts';
import type { BandwidthStep, PartSlots, Throttle } from './media-host/limits.ts';
import type { MediaHosts } from './media-host/media-hosts.ts';
import type { MediumUrls } from './media-host/medium-urls.ts';
import type { MediumSet } from './describe.ts';
import type { Disappearances } from './medium/disappearances.ts';
import type { AttemptBudget } from './original/attempt-budget.ts';
import type { Receipts } from './original/part-digests.ts';
import type { Proving } from './original/prove.ts';
import type { Slice } from './slice.ts';
import type { Trust } from './trust.ts';

/**
 * All functions of a transfer share one `Transfer`. The functions for one original share a `Copy`.
 */

export interface TransferPorts {
  readonly source: Source;
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** The client for requests to media hosts. It never sends credentials. */
  readonly http: HttpClient;
  /** Computes the digests of claims. Undefined if no file is compared with its claim. */
  readonly digests: Digests | undefined;
  readonly clock: Clock;
  readonly report: Report;
}

export interface TransferSettings {
  /** The owner that this process writes into its claims. */
  readonly owner: string;
  /** How long a claim lasts if it is not renewed. */
  readonly leaseMs: number;
  /**
   * The start of the run, in ISO 8601. An original that failed after this time failed in this run,
   * so the run does not try it again.
   */
  readonly runStartedAt: string;
  /** The roles to archive. `source` and `raw` are always among them. */
  readonly roles: readonly Role[];
  /** How many parts of all files together are fetched at the same time. */
  readonly concurrency: number;
  readonly bandwidth: readonly BandwidthStep[];
  readonly quarantineAfter: number;
  readonly stallMs: number;
  /** True if signed URLs may be plain http, because the provider's address is plain http. */
  readonly plainHttp: boolean;
  /** Files that the run completed before the transfer began. The totals include them. */
  readonly recovered: readonly ArchivedFile[];
  readonly slice: Slice;
  /** When the transfer must stop, this signal is aborted with a SyncError. */
  readonly signal: AbortSignal;
}

/** A file that is now in the archive, with the verdict on its content. */
export interface ArchivedFile extends StoredFile {
  readonly proof: Proof;
}

/** The context of a transfer. `stop` and the end of the slice also abort its signal. */
export interface Transfer extends TransferPorts, TransferSettings {
  readonly hosts: MediaHosts;
  readonly slots: PartSlots;
  readonly throttle: Throttle;
  readonly accounting: Accounting;
  readonly fullness: Fullness;
  readonly disappearances: Disappearances;
  readonly trust: Trust;
  readonly receipts: Receipts;
  /**
   * The ids of the media to try again, because other files have reserved the space for their files
   * or must show first whether a claim can be trusted. Undefined while no other files are in
   * transfer.
   */
  readonly postponed: Set<string> | undefined;
  /** Ends the whole run immediately. */
  readonly stop: (error: SyncError) => void;
  readonly nextOrder: () => number;
}

/** What earlier attempts have shown about an original and its media host. */
export interface Lessons {
  isFirst: boolean;
  answersRanges: boolean;
  /** True while the host's answers to HEAD agree with its answers to GET. */
  trustsHead: boolean;
  /** True if a reply showed that the ETag is no digest. */
  makesNoClaim: boolean;
  /** The last whole copy that did not match its claim. Null if there is none. */
  mismatch: { readonly crc32: number; readonly claim: string } | null;
}

/** One original, while it is claimed and copied. */
export interface Copy {
  readonly transfer: Transfer;
  readonly row: TrackedOriginal;
  readonly claim: Claim;
  readonly set: MediumSet;
  readonly urls: MediumUrls;
  /** The id of the original in `urls`. */
  readonly offerId: string;
  /** Copies with a lower number get slots for their parts first. */
  readonly order: number;
  readonly budget: AttemptBudget;
  readonly lessons: Lessons;
  readonly signal: AbortSignal;
  /** A whole copy that arrived already. The first attempt publishes it and fetches nothing. */
  readonly arrived?: Arrived | undefined;
}

/** A whole copy that is not published yet, with the verdict on it. */
export interface Arrived {
  readonly upload: Upload;
  readonly parts: readonly Part[];
  readonly whole: ContentFacts;
  readonly evidence: Evidence;
}

/** The upload at the destination that receives the bytes of a copy. */
export interface Upload {
  readonly file: FileDescription;
  readonly state: UploadState;
  /** The parts that the destination already has. */
  readonly parts: readonly Part[];
  /** True if finished parts are recorded, so that a later run can resume the upload. */
  readonly resumable: boolean;
  /**
   * False if the media host ignores ranges or hides the length. Then the file comes as one stream.
   */
  readonly inRanges: boolean;
  readonly proving: Proving;
}
