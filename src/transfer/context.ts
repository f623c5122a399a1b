import type { Destination, FileDescription, Part, StoredFile, UploadState } from '../destination/destination.ts';
import type { SyncError } from '../errors.ts';
import type { Report } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http/index.ts';
import type { Role } from '../media.ts';
import type { Source } from '../source/source.ts';
import type { Claim, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import type { Accounting } from './accounting.ts';
import type { BandwidthStep, PartSlots, Throttle } from './media-host/limits.ts';
import type { MediaHosts } from './media-host/media-hosts.ts';
import type { MediumUrls } from './media-host/medium-urls.ts';
import type { MediumSet } from './describe.ts';
import type { Disappearances } from './medium/disappearances.ts';
import type { AttemptBudget } from './original/attempt-budget.ts';
import type { Slice } from './slice.ts';

/** What the functions of a transfer share: one Transfer for all, and one Copy for each original. */

export interface TransferPorts {
  readonly source: Source;
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** The client for media hosts. It never sends credentials. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly report: Report;
}

export interface TransferSettings {
  /** The owner of the claims. */
  readonly owner: string;
  /** How long a claim lasts unless it is renewed. */
  readonly leaseMs: number;
  /**
   * A failure after this time belongs to this run, which does not try the original again. ISO 8601.
   */
  readonly runStartedAt: string;
  /** Always includes `source` and `raw`. */
  readonly roles: readonly Role[];
  /** The limit of parts that are fetched at once, over all files. */
  readonly concurrency: number;
  readonly bandwidth: readonly BandwidthStep[];
  readonly quarantineAfter: number;
  readonly stallMs: number;
  /** Signed URLs may be plain http, because the provider's address was overridden. */
  readonly plainHttp: boolean;
  /** Files that the run completed before the transfer began. The totals include them. */
  readonly recovered: readonly StoredFile[];
  readonly slice: Slice;
  /** Aborted with a SyncError. */
  readonly signal: AbortSignal;
}

/** The context of a transfer. Its signal is also aborted by `stop` and at the end of the slice. */
export interface Transfer extends TransferPorts, TransferSettings {
  readonly hosts: MediaHosts;
  readonly slots: PartSlots;
  readonly throttle: Throttle;
  readonly accounting: Accounting;
  readonly disappearances: Disappearances;
  /** Ends the whole run at once. */
  readonly stop: (error: SyncError) => void;
  readonly nextOrder: () => number;
}

/** One original on its way from claim to completion. */
export interface Copy {
  readonly transfer: Transfer;
  readonly row: TrackedOriginal;
  readonly claim: Claim;
  readonly set: MediumSet;
  readonly urls: MediumUrls;
  /** The id of the original in `urls`. */
  readonly offerId: string;
  /** Files with a lower number get their parts first. */
  readonly order: number;
  readonly budget: AttemptBudget;
  readonly signal: AbortSignal;
}

/** The upload that receives the bytes of a copy. */
export interface Upload {
  readonly file: FileDescription;
  readonly state: UploadState;
  /** Parts that are already stored. */
  readonly parts: readonly Part[];
  /** Whether finished parts are worth recording. */
  readonly resumable: boolean;
  /** False: the media host ignores ranges or hides the length, so the file comes as one stream. */
  readonly inRanges: boolean;
}
