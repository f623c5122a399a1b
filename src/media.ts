/** The nouns of Cloud Sync: what a library holds, how it is named, and its statuses. No I/O. */

export type Provider = 'gopro';

/** What an original is to its medium. The order is the order of fetching. */
export const allRoles = ['source', 'raw', 'edit', 'sidecar'] as const;
export type Role = (typeof allRoles)[number];

export const alwaysRoles: readonly Role[] = ['source', 'raw'];

/** The roles that are archived only on request, by the word that requests each. */
export const requestedRoles = { edits: 'edit', sidecars: 'sidecar' } as const satisfies Record<string, Role>;
export const roleRequests = Object.keys(requestedRoles) as (keyof typeof requestedRoles)[];

/** The roles of a run: those that are always archived, and those that were requested. */
export function rolesOfRun(words: readonly string[]): readonly Role[] {
  return [...alwaysRoles, ...roleRequests.filter((word) => words.includes(word)).map((word) => requestedRoles[word])];
}

/**
 * One entry of the provider's library, as its listing shows it. Times are the provider's strings,
 * unchanged.
 */
export interface Medium {
  readonly provider: Provider;
  /** The owner of the library; opaque. Several accounts may share one archive. */
  readonly account: string;
  /** Opaque and case-sensitive. The provider uses each id once. */
  readonly id: string;
  /**
   * The provider's word (`Video`, `Burst`, …). New words are accepted, and nothing depends on it.
   */
  readonly type: string;
  /** Empty when the provider has none. */
  readonly filename: string;
  /** Without a dot; null when the provider does not name one. */
  readonly fileExtension: string | null;
  /**
   * The size in the listing. It can be null, wrong, or a sum of chapters, so nothing is compared
   * with it.
   */
  readonly sizeHintBytes: number | null;
  /** The capture time, by the camera's clock. */
  readonly capturedAt: string | null;
  /** When the medium arrived in the cloud. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly reprocessedAt: string | null;
  readonly itemCount: number | null;
  readonly cameraModel: string | null;
  /** Whether the provider calls the medium finished. False for an unknown state. */
  readonly ready: boolean;
  /** The provider's own word for this state, for messages. */
  readonly readyState: string;
}

/**
 * Which physical file of a medium this is. Every call returns the same identity for the same file.
 */
export interface OriginalIdentity {
  readonly mediaId: string;
  readonly role: Role;
  /** The provider's label, such as `source`, `raw_photo`, `baked_source`, `gpmf`. */
  readonly label: string;
  /** The provider's type of the file, such as `mp4`, `gpr` or `360`; empty when it has none. */
  readonly type: string;
  /** The camera position: `default` unless the camera has several lenses. */
  readonly position: string;
  /** The provider's number; null where it gives none. */
  readonly itemNumber: number | null;
  /** Counts from 1 among originals whose other fields are equal, in the provider's order. */
  readonly ordinal: number;
}

/** An original as the archive knows it: its identity, its revision, and a key computed once. */
export interface Original extends OriginalIdentity {
  readonly provider: Provider;
  readonly account: string;
  /** Starts at 1 and grows by one each time the provider changes the content. */
  readonly revision: number;
  /** A path inside the archive, with `/` as the separator. It never changes. */
  readonly key: string;
}

/** What tells one content from another. */
export interface Validator {
  /** A strong ETag with its quotes. */
  readonly etag: string | null;
  /** An HTTP date. */
  readonly lastModified: string | null;
}

/** False only when the two surely belong to different contents. An ETag outweighs a date. */
export function sameContent(a: Validator, b: Validator): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag === b.etag;
  if (a.lastModified !== null && b.lastModified !== null) return a.lastModified === b.lastModified;
  return true;
}

/**
 * True when both validators exist and are equal. Contents that cannot be compared are not proven.
 */
export function provenSame(a: Validator, b: Validator): boolean {
  const comparable = (a.etag !== null && b.etag !== null) || (a.lastModified !== null && b.lastModified !== null);
  return comparable && sameContent(a, b);
}

/** An original as `resolve` offers it, with a fresh URL. It is never stored and never logged. */
export interface OfferedOriginal extends OriginalIdentity {
  /** In lower case, without a dot. */
  readonly extension: string;
  readonly url: string;
  /** A URL signed for HEAD requests; null when the provider gives none. */
  readonly headUrl: string | null;
}

/** The id of an original's row in a tracker. Each field is escaped, so no field contains a `#`. */
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

/** A text that differs when the medium has changed. It is compared, never parsed. */
export function mediumVersion(medium: Medium): string {
  return [medium.updatedAt, medium.itemCount, medium.reprocessedAt, medium.sizeHintBytes].map((field) => field ?? '').join('|');
}

/** Equal for two keys that a disk may take for one: it may ignore letter case or Unicode forms. */
export function foldKey(key: string): string {
  return key.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

export type OriginalStatus = 'PENDING' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/**
 * The status of a medium. `LISTED`: its originals are not known yet. `RESOLVED`: they are in the
 * tracker, each with its own status. The others describe the medium as a whole.
 */
export type MediumStatus = 'LISTED' | 'WAITING' | 'RESOLVED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/**
 * How many media and originals have each status, among those that the filters and roles of a run
 * cover. A medium with a FAILED, QUARANTINED or SOURCE_DELETED original counts as RESOLVED. So the
 * sum of `media[status]` and `originals[status]` counts nothing twice.
 */
export interface Tally {
  readonly media: Readonly<Record<MediumStatus, number>>;
  /** Media whose originals are all archived. */
  readonly mediaComplete: number;
  readonly originals: Readonly<Record<OriginalStatus, number>>;
  /** The bytes of archived files that have no mark. */
  readonly archivedBytes: number;
  /**
   * Originals that the provider does not offer yet. A WAITING medium with unknown originals counts
   * as one.
   */
  readonly waiting: number;
  readonly marked: number;
}

/** What `verify` found wrong with an archived file. */
export type Mark = 'MISSING' | 'DAMAGED';

export type StatusChange = 'claim' | 'complete' | 'fail' | 'quarantine' | 'release' | 'vanish' | 'reappear' | 'retry' | 'repair';

/**
 * All allowed transitions. `complete` from a status other than IN_PROGRESS recovers an intent or
 * adopts an archived file. `claim` from IN_PROGRESS takes over an expired lease. Only `repair`
 * leaves COMPLETED: `sync` repairs the files that `verify` marked.
 */
export const transitions: Readonly<Record<StatusChange, Partial<Record<OriginalStatus, OriginalStatus>>>> = {
  claim: { PENDING: 'IN_PROGRESS', FAILED: 'IN_PROGRESS', IN_PROGRESS: 'IN_PROGRESS' },
  complete: {
    IN_PROGRESS: 'COMPLETED',
    PENDING: 'COMPLETED',
    FAILED: 'COMPLETED',
    QUARANTINED: 'COMPLETED',
    SOURCE_DELETED: 'COMPLETED',
  },
  fail: { IN_PROGRESS: 'FAILED' },
  quarantine: { IN_PROGRESS: 'QUARANTINED', FAILED: 'QUARANTINED' },
  release: { IN_PROGRESS: 'PENDING' },
  vanish: { PENDING: 'SOURCE_DELETED', IN_PROGRESS: 'SOURCE_DELETED', FAILED: 'SOURCE_DELETED', QUARANTINED: 'SOURCE_DELETED' },
  reappear: { SOURCE_DELETED: 'PENDING' },
  retry: { FAILED: 'PENDING', QUARANTINED: 'PENDING' },
  repair: { COMPLETED: 'PENDING' },
};

/** The status after a change; undefined when `status` does not allow the change. */
export function statusAfter(status: OriginalStatus, change: StatusChange): OriginalStatus | undefined {
  return transitions[change][status];
}
