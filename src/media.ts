/** The basic types: what a library contains, how originals are named, and the statuses. No I/O. */

import type { ContentClaim } from './proof/claim.ts';

export type Provider = 'gopro';

/**
 * The roles that an original can have in its medium. Originals are fetched in the order of these
 * roles.
 */
export const allRoles = ['source', 'raw', 'edit', 'sidecar'] as const;
export type Role = (typeof allRoles)[number];

export const alwaysRoles: readonly Role[] = ['source', 'raw'];

/** The roles that are archived only on request, each with the word that requests it. */
export const requestedRoles = { edits: 'edit', sidecars: 'sidecar' } as const satisfies Record<string, Role>;
export const roleRequests = Object.keys(requestedRoles) as (keyof typeof requestedRoles)[];

/** The roles of a run: the roles that are always archived, and the requested ones. */
export function rolesOfRun(words: readonly string[]): readonly Role[] {
  return [...alwaysRoles, ...roleRequests.filter((word) => words.includes(word)).map((word) => requestedRoles[word])];
}

/**
 * One entry of the provider's library, as the listing shows it. Times are the provider's strings,
 * unchanged.
 */
export interface Medium {
  readonly provider: Provider;
  /** The owner of the library. The value is opaque. Several accounts may share one archive. */
  readonly account: string;
  /** Opaque and case-sensitive. A provider never uses an id twice. */
  readonly id: string;
  /**
   * The type that the provider states (`Video`, `Burst`, …). New types are accepted. Only filters
   * depend on the type.
   */
  readonly type: string;
  /** Empty if the provider gives no name. */
  readonly filename: string;
  /** Without a dot. Null if the provider does not state an extension. */
  readonly fileExtension: string | null;
  /**
   * The size in the listing. It can be null, wrong, or the sum of several chapters. So the size of
   * a received file is never compared with it.
   */
  readonly sizeHintBytes: number | null;
  /** The capture time by the camera's clock. */
  readonly capturedAt: string | null;
  /** When the medium arrived in the cloud. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly reprocessedAt: string | null;
  readonly itemCount: number | null;
  readonly cameraModel: string | null;
  /** Whether the provider says that the medium is finished. False for an unknown state. */
  readonly ready: boolean;
  /** The provider's word for the state of the medium. It is used in messages. */
  readonly readyState: string;
}

/**
 * Which physical file of a medium this is. `resolve` returns the same identity for a file every
 * time.
 */
export interface OriginalIdentity {
  readonly mediaId: string;
  readonly role: Role;
  /** The label that the provider gives, such as `source`, `raw_photo`, `baked_source`, `gpmf`. */
  readonly label: string;
  /** The provider's type of the file, such as `mp4`, `gpr` or `360`. Empty if none is given. */
  readonly type: string;
  /** The position of the camera. It is `default` unless the camera has several lenses. */
  readonly position: string;
  /** The provider's number of the chapter or frame. Null if the provider gives none. */
  readonly itemNumber: number | null;
  /**
   * Distinguishes originals whose other fields are equal. It counts from 1 in the provider's order.
   */
  readonly ordinal: number;
}

/** An original as the archive knows it: with its identity, its revision and its key. */
export interface Original extends OriginalIdentity {
  readonly provider: Provider;
  readonly account: string;
  /** The number of this version of the original, counted from 1. Each version has its own key. */
  readonly revision: number;
  /**
   * A path inside the archive, with `/` as the separator. It is computed once and never changes.
   */
  readonly key: string;
}

/** Shows whether two contents of an original are the same. */
export interface Validator {
  /** A strong ETag, with its quotes. */
  readonly etag: string | null;
  /** An HTTP date. */
  readonly lastModified: string | null;
}

/**
 * False only if the two validators certainly belong to different contents. If both have an ETag,
 * dates do not count.
 */
export function sameContent(a: Validator, b: Validator): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag === b.etag;
  if (a.lastModified !== null && b.lastModified !== null) return a.lastModified === b.lastModified;
  return true;
}

/**
 * True if both ETags are equal or, when an ETag is missing, both dates are equal. False if the
 * validators cannot be compared.
 */
export function provenSame(a: Validator, b: Validator): boolean {
  const comparable = (a.etag !== null && b.etag !== null) || (a.lastModified !== null && b.lastModified !== null);
  return comparable && sameContent(a, b);
}

/** An original as `resolve` offers it, with a fresh URL. The URL must not be stored or logged. */
export interface OfferedOriginal extends OriginalIdentity {
  /** The extension in lower case, without a dot. */
  readonly extension: string;
  readonly url: string;
  /** A URL signed for HEAD requests. Null if the provider gives none. */
  readonly headUrl: string | null;
  /** What the provider's API says of the content. Absent if only the media host says something. */
  readonly claim?: ContentClaim;
}

/**
 * The id of an original's row in a tracker. Each field is escaped, so that no field contains a `#`.
 */
export function originalId(identity: OriginalIdentity, revision: number): string {
  const fields = [
    identity.mediaId,
    identity.role,
    identity.label,
    identity.type,
    identity.position,
    identity.itemNumber ?? '-',
    identity.ordinal,
  ];
  const id = fields.map((field) => encodeURIComponent(String(field).toWellFormed())).join('#');
  return revision === 1 ? id : `${id}#r${revision}`;
}

/** A text that changes when the medium changes. It is compared, never parsed. */
export function mediumVersion(medium: Medium): string {
  return [medium.updatedAt, medium.itemCount, medium.reprocessedAt, medium.sizeHintBytes].map((field) => field ?? '').join('|');
}

/**
 * Returns the same text for keys that differ only in letter case or in Unicode forms, because some
 * disks do not tell such keys apart.
 */
export function foldKey(key: string): string {
  return key.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

export type OriginalStatus = 'PENDING' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/**
 * The status of a medium. `LISTED`: its originals are not known yet. `RESOLVED`: the tracker has
 * its originals, each with a status of its own. The other statuses describe the medium as a whole.
 */
export type MediumStatus = 'LISTED' | 'WAITING' | 'RESOLVED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/**
 * The numbers of media and originals in each status, for the filters and roles of a run. A medium
 * with a FAILED, QUARANTINED or SOURCE_DELETED original counts as RESOLVED, and only the original
 * counts under its status. So the sum `media[status] + originals[status]` counts no file twice.
 */
export interface Tally {
  readonly media: Readonly<Record<MediumStatus, number>>;
  /** The number of media whose originals are all archived. */
  readonly mediaComplete: number;
  readonly originals: Readonly<Record<OriginalStatus, number>>;
  /** The bytes of all archived files, except for those that `verify` marked. */
  readonly archivedBytes: number;
  /**
   * The number of originals that the provider does not offer yet. A WAITING medium whose originals
   * are unknown counts as one original.
   */
  readonly waiting: number;
  /**
   * Archived originals with a mark. They are also in `originals.COMPLETED`, but not in
   * `archivedBytes`.
   */
  readonly unsound: number;
  /** The archived originals without a mark, by proof. */
  readonly proofs: Readonly<Record<Proof, number>>;
  /**
   * The earliest of the times at which the archived originals without a mark were last read. Null
   * if none was ever read. ISO 8601.
   */
  readonly oldestReadAt: string | null;
  /** The archived originals without a mark that were only found in the archive, and never read. */
  readonly neverRead: number;
  /** Originals with a mark that a run may still repair. They are also in `originals.COMPLETED`. */
  readonly marked: number;
  /** Archived originals with a mark that cannot be fetched again. They count in no status. */
  readonly lost: number;
  /** Originals and media that a person has accepted. They count in no status and are not `lost`. */
  readonly accepted: number;
}

/**
 * Says what is wrong with an archived file. `SUPERSEDED`: the file is missing, damaged or
 * suspect, and a later revision replaces it. `SUSPECT`: the file has the bytes that arrived, but
 * the provider's claim says otherwise.
 */
export type Mark = 'MISSING' | 'DAMAGED' | 'SUPERSEDED' | 'SUSPECT';

/** Whether a file with this mark has to be fetched again. */
export function needsRepair(mark: Mark | null): mark is 'MISSING' | 'DAMAGED' | 'SUSPECT' {
  return mark === 'MISSING' || mark === 'DAMAGED' || mark === 'SUSPECT';
}

/**
 * What is known of an archived file's bytes and the provider's claim. `proven`: the bytes match the
 * claim. `none`: there is no claim, or the claim decides nothing. `unchecked`: the bytes were not
 * compared with the claim yet. `disputed`: the same bytes came twice, and a trusted claim says
 * otherwise.
 */
export const allProofs = ['proven', 'none', 'unchecked', 'disputed'] as const;
export type Proof = (typeof allProofs)[number];

/** A verdict on the content of a file, with what it rests on. */
export interface Evidence {
  /** The provider's claim as `encodeClaim` writes it. Null if the provider was never asked. */
  readonly claim: string | null;
  readonly proof: Proof;
  /** The part size with which the claim was proven, in bytes. Null if it is not proven. */
  readonly claimPartBytes: number | null;
}

export const noEvidence: Evidence = { claim: null, proof: 'none', claimPartBytes: null };

/** Whether the provider no longer has a medium, as far as we know. */
export function isGone(medium: { readonly status: MediumStatus; readonly goneSince: string | null }): boolean {
  return medium.goneSince !== null || medium.status === 'SOURCE_DELETED';
}

/**
 * How many originals of a medium are lost and have no record, because no resolve has shown them.
 * `absentOriginals` counts the originals that the archive lost with their descriptions.
 */
export function lostWithoutRecord(medium: Parameters<typeof isGone>[0] & { readonly absentOriginals: number }): number {
  return isGone(medium) ? medium.absentOriginals : 0;
}

export type StatusChange = 'claim' | 'complete' | 'fail' | 'quarantine' | 'release' | 'vanish' | 'reappear' | 'retry';

/**
 * All allowed transitions. `complete` usually starts from IN_PROGRESS. From any other status it
 * recovers an intent or adopts an archived file. `claim` from IN_PROGRESS replaces a claim whose
 * lease has expired.
 * Nothing leaves COMPLETED. The repair of a marked original keeps the status until `complete`.
 */
export const transitions: Readonly<Record<StatusChange, Partial<Record<OriginalStatus, OriginalStatus>>>> = {
  claim: { PENDING: 'IN_PROGRESS', FAILED: 'IN_PROGRESS', IN_PROGRESS: 'IN_PROGRESS' },
  complete: {
    IN_PROGRESS: 'COMPLETED',
    PENDING: 'COMPLETED',
    FAILED: 'COMPLETED',
    QUARANTINED: 'COMPLETED',
    SOURCE_DELETED: 'COMPLETED',
    COMPLETED: 'COMPLETED',
  },
  fail: { IN_PROGRESS: 'FAILED' },
  quarantine: { IN_PROGRESS: 'QUARANTINED', FAILED: 'QUARANTINED' },
  release: { IN_PROGRESS: 'PENDING' },
  vanish: { PENDING: 'SOURCE_DELETED', IN_PROGRESS: 'SOURCE_DELETED', FAILED: 'SOURCE_DELETED', QUARANTINED: 'SOURCE_DELETED' },
  reappear: { SOURCE_DELETED: 'PENDING' },
  retry: { FAILED: 'PENDING', QUARANTINED: 'PENDING' },
};

/** The status after a change. Undefined if `status` does not allow the change. */
export function statusAfter(status: OriginalStatus, change: StatusChange): OriginalStatus | undefined {
  return transitions[change][status];
}

/** How quickly a store thaws a file in an archive class. `bulk` takes longer and costs less. */
export const thawTiers = ['standard', 'bulk'] as const;
export type ThawTier = (typeof thawTiers)[number];

/** What a run does. A tracker records no dry run, no `restore` and no `thaw`. */
export type RunKind = 'sync' | 'dry-run' | 'verify' | 'restore' | 'copy' | 'thaw';

/** A run as a tracker records it. Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly id: string;
  /** Null for a run that an earlier version recorded. */
  readonly kind: RunKind | null;
  /**
   * The fence of the run's lease, or 0 without a lease. Null if an earlier version recorded the
   * run.
   */
  readonly fence: number | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: string | null;
  /** The `run.finished` event as JSON; null while the run goes on or if it was killed. */
  readonly summary: string | null;
}
