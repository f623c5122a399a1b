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

/** What the functions of a transfer work with: one Transfer for all, one Copy for each original. */

export interface TransferPorts {
  readonly source: Source;
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** For media hosts; never carries credentials. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly report: Report;
}

export interface TransferSettings {
  /** Who holds the claims. */
  readonly owner: string;
  /** How long a claim holds unless it is renewed. */
  readonly leaseMs: number;
  /** What failed since then failed in this run, which does not try it again. ISO 8601. */
  readonly runStartedAt: string;
  /** Always includes `source` and `raw`. */
  readonly roles: readonly Role[];
  /** Parts in flight, over all files. */
  readonly concurrency: number;
  readonly bandwidth: readonly BandwidthStep[];
  readonly quarantineAfter: number;
  readonly stallMs: number;
  /** Signed URLs may be plain http, because the provider's address was overridden. */
  readonly plainHttp: boolean;
  /** Files that the run completed before the transfer began; counted with it. */
  readonly recovered: readonly StoredFile[];
  readonly slice: Slice;
  /** Aborted with a SyncError. */
  readonly signal: AbortSignal;
}

/** The one context. Its signal is also aborted by `stop` and at the end of the slice. */
export interface Transfer extends TransferPorts, TransferSettings {
  readonly hosts: MediaHosts;
  readonly slots: PartSlots;
  readonly throttle: Throttle;
  readonly accounting: Accounting;
  readonly disappearances: Disappearances;
  /** Ends the run for everybody, at once. */
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
  /** The id by which `urls` knows it. */
  readonly offerId: string;
  /** Earlier files get their parts first. */
  readonly order: number;
  readonly budget: AttemptBudget;
  readonly signal: AbortSignal;
}

/** Where the destination takes the bytes of a copy. */
export interface Upload {
  readonly file: FileDescription;
  readonly state: UploadState;
  /** Stored already. */
  readonly parts: readonly Part[];
  /** Whether finished parts are worth recording. */
  readonly resumable: boolean;
  /** False: the media host ignores ranges or hides the length, so the file comes as one stream. */
  readonly inRanges: boolean;
}
