/** The nouns of Cloud Sync: what a library holds, how it is named, and which states it goes through. No I/O. */

export type Provider = 'gopro';

/** What an original is to its medium, in the order in which originals are fetched. */
export const allRoles = ['source', 'raw', 'edit', 'sidecar'] as const;
export type Role = (typeof allRoles)[number];

export const alwaysRoles: readonly Role[] = ['source', 'raw'];

/** The roles that are archived on request, by the word that asks for each. */
export const requestedRoles = { edits: 'edit', sidecars: 'sidecar' } as const satisfies Record<string, Role>;
export const roleRequests = Object.keys(requestedRoles) as (keyof typeof requestedRoles)[];

/** The roles of a run: those that are always archived and those that the words ask for. */
export function rolesOfRun(words: readonly string[]): readonly Role[] {
  return [...alwaysRoles, ...roleRequests.filter((word) => words.includes(word)).map((word) => requestedRoles[word])];
}

/** One entry of the provider's library as its listing shows it. Times are the provider's own strings, never reinterpreted. */
export interface Medium {
  readonly provider: Provider;
  /** Whose library; opaque. Several accounts may share one archive. */
  readonly account: string;
  /** Opaque and case-sensitive; unique for the provider. */
  readonly id: string;
  /** The provider's word (`Video`, `Burst`, …); an open set, decides nothing. */
  readonly type: string;
  /** Empty when the provider has none. */
  readonly filename: string;
  /** Without a dot; null when the provider says none. */
  readonly fileExtension: string | null;
  /** The listing's size: null, wrong, or a sum of chapters. Never compared with what was served. */
  readonly sizeHintBytes: number | null;
  /** Camera clock. */
  readonly capturedAt: string | null;
  /** When it arrived in the cloud. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly reprocessedAt: string | null;
  readonly itemCount: number | null;
  readonly cameraModel: string | null;
  /** Whether the provider calls it finished; an unknown state is not. */
  readonly ready: boolean;
  /** The provider's word for `ready`, for messages. */
  readonly readyState: string;
}

/** Which physical file of a medium. Two calls for the same medium give the same identity to the same file. */
export interface OriginalIdentity {
  readonly mediaId: string;
  readonly role: Role;
  /** The provider's label, such as `source`, `raw_photo`, `baked_source`, `gpmf`. */
  readonly label: string;
  /** The provider's type of the file, such as `mp4`, `jpg`, `gpr`, `360`; empty when it has none. */
  readonly type: string;
  /** Camera position; `default` unless the camera has several lenses. */
  readonly position: string;
  /** The provider's number, or null where it gives none. */
  readonly itemNumber: number | null;
  /** 1, 2, … among originals that are otherwise alike, in the provider's order. */
  readonly ordinal: number;
}

/** An original as the archive knows it: an identity, a revision, and the key that was computed once for it. */
export interface Original extends OriginalIdentity {
  readonly provider: Provider;
  readonly account: string;
  /** 1, then 2, … each time the provider changed its content. */
  readonly revision: number;
  /** Path inside the archive, `/`-separated. Never recomputed. */
  readonly key: string;
}

/** The validator of served content: what tells one version from another. */
export interface Validator {
  /** A strong ETag, with its quotes. */
  readonly etag: string | null;
  /** An HTTP date. */
  readonly lastModified: string | null;
}

/** False only when the two certainly belong to different contents. An ETag says more than a date. */
export function sameContent(a: Validator, b: Validator): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag === b.etag;
  if (a.lastModified !== null && b.lastModified !== null) return a.lastModified === b.lastModified;
  return true;
}

/** True when both validators exist and say the same; what cannot be compared is not proven. */
export function provenSame(a: Validator, b: Validator): boolean {
  const comparable = (a.etag !== null && b.etag !== null) || (a.lastModified !== null && b.lastModified !== null);
  return comparable && sameContent(a, b);
}

/** An original as `resolve` offers it: fresh URLs. Never stored, never logged. */
export interface OfferedOriginal extends OriginalIdentity {
  /** Without a dot, lower case. */
  readonly extension: string;
  readonly url: string;
  /** Signed separately for HEAD; null when the provider gives none. */
  readonly headUrl: string | null;
}

/** Identifies an original's row in a tracker; `#` cannot occur unescaped in any field. */
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

/** The fields that tell a changed medium, as one string to compare. Never parsed. */
export function mediumVersion(medium: Medium): string {
  return [medium.updatedAt, medium.itemCount, medium.reprocessedAt, medium.sizeHintBytes].map((field) => field ?? '').join('|');
}

/** What two keys have in common if a disk that ignores letter case or Unicode forms takes them for one file. */
export function foldKey(key: string): string {
  return key.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

export type OriginalStatus = 'PENDING' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/** `LISTED` awaits its resolve, `RESOLVED` has its originals in the tracker; the others stand for the medium as a whole. */
export type MediumStatus = 'LISTED' | 'WAITING' | 'RESOLVED' | 'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED';

/**
 * How many media and originals have each status, among those that a run's filters and roles cover. A medium whose originals say themselves
 * that they are FAILED, QUARANTINED or SOURCE_DELETED counts as RESOLVED, so that `media[status] + originals[status]` counts nothing twice.
 */
export interface Tally {
  readonly media: Readonly<Record<MediumStatus, number>>;
  /** Media with every original archived. */
  readonly mediaComplete: number;
  readonly originals: Readonly<Record<OriginalStatus, number>>;
  /** Of files without a mark. */
  readonly archivedBytes: number;
  /** Originals that wait; one for a WAITING medium whose originals are not known. */
  readonly waiting: number;
  readonly marked: number;
}

/** What `verify` found wrong with an archived file. */
export type Mark = 'MISSING' | 'DAMAGED';

export type StatusChange = 'claim' | 'complete' | 'fail' | 'quarantine' | 'release' | 'vanish' | 'reappear' | 'retry' | 'repair';

/**
 * Every transition there is. `complete` from a status other than IN_PROGRESS is the recovery of an intent or the adoption of an
 * archived file; `claim` from IN_PROGRESS is the takeover of an expired lease. COMPLETED is left only by `repair`, which
 * `sync` does for a file that `verify` marked.
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

/** The status after a change, or undefined when the change is not allowed from `status`. */
export function statusAfter(status: OriginalStatus, change: StatusChange): OriginalStatus | undefined {
  return transitions[change][status];
}
