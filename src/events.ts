import type { ErrorCode } from './errors.ts';
import type { Mark, OriginalStatus, MediumStatus, Proof, Provider, RunKind, ThawTier } from './media.ts';

/**
 * Everything that a run reports. Each reporter turns these events into output, and `--json` prints
 * each as one line. Fields named `…Bytes` are in bytes and `…Ms` in milliseconds. `path` is an
 * absolute path or an s3:// address, for a person to read.
 */
export type Event =
  | {
      readonly type: 'run.started';
      readonly runId: string;
      readonly kind: RunKind;
      readonly provider: Provider | null;
      readonly destination: string;
      readonly dryRun: boolean;
      /** By `restore` and `copy`: the archive that is read. */
      readonly from?: string;
    }
  | { readonly type: 'archive.created'; readonly archiveId: string; readonly path: string }
  | { readonly type: 'archive.adopted'; readonly files: number }
  | { readonly type: 'credentials.valid'; readonly account: string }
  | { readonly type: 'listing.started'; readonly mode: 'quick' | 'full' }
  | { readonly type: 'listing.page'; readonly page: number; readonly totalPages: number; readonly media: number }
  | {
      readonly type: 'listing.finished';
      readonly mode: 'quick' | 'full';
      readonly listed: number;
      readonly added: number;
      readonly changed: number;
      readonly gone: number;
      readonly consistent: boolean;
    }
  | {
      readonly type: 'plan.finished';
      readonly media: number;
      /** How many of these media were not ready in an earlier run. */
      readonly waiting: number;
      /** How many media with work are left out by the filters. */
      readonly leftOut: number;
      readonly sizeHintBytes: number;
    }
  | {
      readonly type: 'medium.planned';
      readonly mediaId: string;
      readonly name: string;
      readonly items: number | null;
      readonly sizeHintBytes: number | null;
      /** Whether the medium was not ready in an earlier run. */
      readonly waiting: boolean;
    }
  | { readonly type: 'medium.waiting'; readonly mediaId: string; readonly name: string; readonly reason: string }
  | { readonly type: 'medium.sourceDeleted'; readonly mediaId: string; readonly name: string }
  | MediumFailed
  | {
      readonly type: 'file.started';
      readonly id: string;
      readonly mediaId: string;
      readonly key: string;
      readonly sizeBytes: number | null;
      readonly resumedBytes: number;
    }
  | {
      readonly type: 'file.retried';
      readonly id: string;
      readonly key: string;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly delayMs: number;
    }
  | {
      readonly type: 'file.restarted';
      readonly id: string;
      readonly key: string;
      readonly code: ErrorCode;
      readonly reason: string;
    }
  | {
      readonly type: 'file.archived';
      readonly id: string;
      readonly mediaId: string;
      readonly key: string;
      readonly path: string;
      readonly sizeBytes: number;
      readonly crc32: string;
      readonly revision: number;
      readonly proof: Proof;
    }
  | FileFailed
  /** By `restore`: what it will do. `bytes` includes files that are already in the directory. */
  | { readonly type: 'restore.planned'; readonly files: number; readonly bytes: number; readonly leftOut: number }
  /** By `restore`: the directory cannot hold the name, so the file gets another name there. */
  | ({ readonly type: 'file.renamed'; readonly reason: string } & FileOf)
  /**
   * By `restore`: the file is in the directory now. `path` is its path there. `proof` says how the
   * bytes compare with the provider's claim now. It is `disputed` if the archive calls the file
   * proven or disputed, and the bytes do not match.
   */
  | ({ readonly type: 'file.restored'; readonly sizeBytes: number; readonly crc32: string; readonly proof: Proof } & FileOf)
  /** By `copy`: what it will do. */
  | {
      readonly type: 'copy.planned';
      readonly files: number;
      readonly bytes: number;
      /** Files that the second archive has already. */
      readonly skipped: number;
      readonly leftOut: number;
    }
  /** By `thaw`: what it would ask for. It comes before anything is asked for. */
  | ThawPlanned
  /** By `thaw`: the store was asked to thaw the file. `hours`: when it can be read, at the latest. */
  | ({
      readonly type: 'file.thawing';
      readonly storageClass: string;
      readonly sizeBytes: number;
      readonly hours: number;
    } & FileOf)
  /** By `restore --wait`: the store thaws these files, and the run looks again after `forMs`. */
  | { readonly type: 'thaw.waiting'; readonly files: number; readonly bytes: number; readonly forMs: number }
  /** By a dry run of `restore` or `copy`: the file would be copied. */
  | ({ readonly type: 'file.planned'; readonly sizeBytes: number } & FileOf)
  /** A damaged file was moved away, and its replacement now has its key. */
  | { readonly type: 'file.setAside'; readonly key: string; readonly movedTo: string }
  | { readonly type: 'host.paused'; readonly host: string; readonly forMs: number }
  | Progress
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  /**
   * A rolling check is about to read these files, so that no byte becomes older than `days` without
   * being read. On S3 it also states the number of requests and their price in USD.
   */
  | {
      readonly type: 'check.planned';
      readonly days: number;
      readonly files: number;
      readonly bytes: number;
      /** Files that are not read, because they are in an archive class of S3. */
      readonly unreadable: number;
      readonly requests?: number;
      readonly usd?: number;
      /** Says which prices `usd` is computed from. */
      readonly prices?: string;
    }
  /** By `verify`: an archived file is not in the archive. */
  | ({ readonly type: 'file.missing' } & FileOf & Loss)
  /** By `verify`: an archived file has other bytes. */
  | ({ readonly type: 'file.damaged'; readonly reason: string } & FileOf & Loss)
  /**
   * By `verify`: an archived file has the bytes that arrived, but its claim says otherwise. By
   * `sync`, at its end: the same, if only later files of the run showed that the claim can be
   * trusted.
   */
  | ({ readonly type: 'file.suspect'; readonly reason: string } & FileOf & Loss)
  /**
   * By `sync`, at its end: the same bytes came twice, and the provider's claim says otherwise. By
   * `verify`: such a file of an earlier run.
   */
  | ({ readonly type: 'file.disputed'; readonly reason: string } & FileOf)
  /**
   * By `verify` and `restore`: a damaged file that a later revision replaces. Nothing has to be
   * done.
   */
  | ({ readonly type: 'file.superseded' } & FileOf)
  /**
   * By `verify`: the store cannot show the file's bytes now, which proves nothing about them. The
   * code is UNREADABLE if the file is in an archive class of S3.
   */
  | ({ readonly type: 'file.unreadable'; readonly code: ErrorCode; readonly reason: string; readonly hint?: string } & FileOf)
  /**
   * By `sync`, at its end: an archived file is missing, damaged or suspect, and the provider no
   * longer has it.
   */
  | ({ readonly type: 'file.lost'; readonly mark: Mark; readonly lastCopy: string | null } & FileOf)
  /**
   * The archive lost files of a medium together with their descriptions, so only their number is
   * known. By `verify`, and by `sync` if the provider no longer has the medium.
   */
  | {
      readonly type: 'medium.incomplete';
      readonly mediaId: string;
      readonly name: string;
      readonly missing: number;
      readonly lost: boolean;
    }
  | { readonly type: 'file.unknown'; readonly key: string; readonly path: string }
  | RunFinished;

/** An archived file. `id` is the `originalId` of the original and its revision. */
export interface FileOf {
  readonly id: string;
  readonly mediaId: string;
  readonly key: string;
  readonly path: string;
}

export interface Loss {
  /** The provider no longer has the file, so no run can fetch it again. */
  readonly lost: boolean;
  /** Where the last copy of the file is, damaged or not; null if the archive has none. */
  readonly lastCopy: string | null;
}

export interface MediumFailed {
  readonly type: 'medium.failed';
  readonly mediaId: string;
  readonly name: string;
  readonly status: MediumStatus;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

export interface FileFailed {
  readonly type: 'file.failed';
  readonly id: string;
  readonly mediaId: string;
  readonly key: string;
  readonly status: OriginalStatus;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

/** Progress of the work under way, a few times a second. A value is null while it is unknown. */
export interface Progress {
  readonly type: 'progress';
  readonly filesDone: number;
  readonly mediaDone: number;
  readonly mediaTotal: number;
  /** Bytes of all files that this run has worked on so far. */
  readonly bytesDone: number;
  /** An estimate from the known sizes of files and from the sizes in the listing. */
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  readonly remainingMs: number | null;
  readonly active: readonly ActiveFile[];
}

export interface ActiveFile {
  readonly key: string;
  readonly bytesDone: number;
  readonly sizeBytes: number | null;
  readonly bytesPerSecond: number;
}

export type Outcome = 'clean' | 'partial' | 'failed' | 'expired' | 'locked' | 'interrupted';

export interface RunFinished {
  readonly type: 'run.finished';
  readonly runId: string;
  readonly kind: RunKind;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly elapsedMs: number;
  readonly media: {
    readonly listed: number;
    readonly added: number;
    readonly changed: number;
    readonly gone: number;
    readonly complete: number;
    readonly waiting: number;
    readonly failed: number;
    readonly quarantined: number;
    readonly sourceDeleted: number;
  };
  readonly files: {
    readonly archived: number;
    /** How many of the archived files the provider's claim proves. */
    readonly proven: number;
    /** Files for which this run found that their bytes contradict the provider's claim. */
    readonly disputed: number;
    readonly skipped: number;
    readonly failed: number;
    readonly waiting: number;
    readonly sourceDeleted: number;
    readonly quarantined: number;
    /** Missing or damaged files that the provider no longer has and nobody has accepted. */
    readonly lost: number;
    /** Files and media that a person has accepted. They do not decide the exit code. */
    readonly accepted: number;
    /** How many planned files the run did not reach. */
    readonly pending: number;
  };
  /** Present only if the run had filters. Counts media that the provider still has. */
  readonly filters?: {
    readonly selected: number;
    readonly leftOut: number;
    /** A sentence for each value of a filter that no medium of the library matches. */
    readonly unmatched: readonly string[];
  };
  readonly bytes: { readonly archived: number; readonly fetched: number };
  readonly requests: { readonly api: number; readonly media: number };
  /** Present only after `verify`. */
  readonly verified?: {
    readonly files: number;
    readonly bytes: number;
    readonly missing: number;
    readonly damaged: number;
    /** Files whose bytes contradict a claim, and that the next `sync` fetches once more. */
    readonly suspect: number;
    /** Files whose claim was compared with their bytes and is right. */
    readonly proven: number;
    readonly disputed: number;
    /** How many of the missing, damaged and suspect files the provider no longer has. */
    readonly lost: number;
    readonly superseded: number;
    /** Files that the store could not show. */
    readonly unreadable: number;
    readonly unknown: number;
    /** Files about which the provider could not be asked. Present only with `--claims`. */
    readonly unasked?: number;
    /** The days of `--rolling`. Only files whose last check was oldest were read then. */
    readonly rollingDays?: number;
  };
  /** What the rolling check of a sync read and found. Present only with `--rolling`. */
  readonly rolling?: NonNullable<RunFinished['verified']>;
  /** Present only after `restore`. */
  readonly restored?: Restored;
  /** Present only after `copy`. */
  readonly copied?: Copied;
  /** Present only after `thaw`. */
  readonly thawed?: Thawed;
  /** The error that ended the run early, or that makes a finished run count as failed. */
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
}

/** What `restore` did. All numbers but `bytes` and `incompleteMedia` count files. */
export interface Restored {
  readonly dryRun: boolean;
  readonly files: number;
  /** Files that the directory has already, with the same bytes. */
  readonly skipped: number;
  readonly failed: number;
  /** Damaged files that a later revision replaces. */
  readonly superseded: number;
  /** Files that the run did not reach, or that a dry run would restore. */
  readonly pending: number;
  /** Files that the filters and the given keys and patterns do not select. */
  readonly leftOut: number;
  /** The bytes of the restored files. */
  readonly bytes: number;
  /** Files that got another name than in the archive or, with `--flat`, on the camera. */
  readonly renamed: number;
  /** Restored files whose bytes match the provider's claim. */
  readonly proven: number;
  /** Restored files that the archive calls proven, but whose bytes do not match the claim. */
  readonly mismatched: number;
  /** Restored files that have neither a checksum of the archive nor a claim that they match. */
  readonly uncompared: number;
  /** Files that the archive lacks although it describes others of the same medium. */
  readonly missing: number;
  /** Files in the archive that no description knows. They are not restored. */
  readonly unknown: number;
  /** How many of the unknown files have names that Cloud Sync gives. */
  readonly undescribed: number;
}

/** What `copy` did. All numbers but `bytes` count files. */
export interface Copied {
  readonly dryRun: boolean;
  readonly files: number;
  /** Files that the second archive has already, with the same content. */
  readonly skipped: number;
  readonly failed: number;
  /** Damaged files of the first archive that a later revision replaces. */
  readonly superseded: number;
  /** Files that the run did not reach, or that a dry run would copy. */
  readonly pending: number;
  /** Files that the filters and the given keys and patterns do not select. */
  readonly leftOut: number;
  /** The bytes of the copied files. */
  readonly bytes: number;
  /** Copied files that took the place of missing or damaged ones. */
  readonly repaired: number;
  /** Copied files that have another key than in the first archive. */
  readonly renamed: number;
  /** Copied files that the first archive calls proven. */
  readonly proven: number;
  /** Files that the first archive lacks although it describes others of the same medium. */
  readonly missing: number;
  /** Files in the first archive that no description knows. They are not copied. */
  readonly unknown: number;
  /** How many of the unknown files have names that Cloud Sync gives. */
  readonly undescribed: number;
}

export interface ThawPlanned {
  readonly type: 'thaw.planned';
  readonly tier: ThawTier;
  readonly days: number;
  /** The frozen files, by storage class. */
  readonly groups: readonly ThawGroup[];
  /** Files that the store thaws already. */
  readonly thawing: number;
  /** Files in archive classes that can be read now. */
  readonly thawed: number;
  /** Says which prices the groups use. */
  readonly prices: string;
}

export interface ThawGroup {
  readonly storageClass: string;
  readonly files: number;
  readonly bytes: number;
  /** What each tier takes. Null if no price is known. */
  readonly tiers: Readonly<Record<ThawTier, { readonly usd: number; readonly hours: number } | null>>;
  /** The price of sending the bytes over the internet afterwards, in USD. Null if it is not known. */
  readonly sendingUsd: number | null;
}

/** What `thaw` did. All numbers but `bytes`, `usd` and `hours` count files. */
export interface Thawed {
  readonly dryRun: boolean;
  /** Files that this run asked the store to thaw. */
  readonly asked: number;
  /** Files that the store was asked to thaw before. */
  readonly thawing: number;
  /** Files in archive classes that can be read now. */
  readonly thawed: number;
  readonly failed: number;
  /** Frozen files that the run did not ask for. */
  readonly pending: number;
  readonly leftOut: number;
  /** The bytes of the files that this run asked for. */
  readonly bytes: number;
  /** What thawing these files costs, as far as prices are known. */
  readonly usd: number;
  /** After how many hours all of these files can be read, at the latest. */
  readonly hours: number;
}

/** Takes each event as it happens. It must not throw. */
export type Report = (event: Event) => void;
