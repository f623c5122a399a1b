import type { UploadState } from '../../destination/destination.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Mark, Medium, MediumStatus, Original, OriginalStatus, Proof, Provider, Role, RunKind } from '../../media.ts';

/**
 * The table of fields: what a ledger keeps of a medium and of an original. Record types, columns,
 * attributes and their encoding follow from this table. A new field needs only one entry here.
 * Existing files and tables get the field by themselves.
 */

/**
 * `count` is a whole number that Cloud Sync sets. `number` comes from the provider and may be any
 * number.
 */
export type Kind = 'text' | 'count' | 'number' | 'flag' | 'role' | 'roles' | 'json';

export interface Field<Value = unknown> {
  readonly kind: Kind;
  readonly isNullable: boolean;
  /** This value is never set. It only gives the field its type. */
  readonly value?: Value;
}

export type Fields = Readonly<Record<string, Field>>;

export type RecordOf<Table extends Fields> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value : never;
};

const field = <Value>(kind: Kind): Field<Value> => ({ kind, isNullable: false });
const orNull = <Value>({ kind }: Field<Value>): Field<Value | null> => ({ kind, isNullable: true });

const text = field<string>('text');
const count = field<number>('count');
const number = field<number>('number');
const flag = field<boolean>('flag');
const roles = field<readonly Role[]>('roles');

/** The fields that a listing sets: every field of a `Medium`. */
export const listedFields = {
  id: text,
  provider: field<Provider>('text'),
  account: text,
  type: text,
  filename: text,
  fileExtension: orNull(text),
  sizeHintBytes: orNull(number),
  capturedAt: orNull(text),
  createdAt: orNull(text),
  updatedAt: orNull(text),
  reprocessedAt: orNull(text),
  itemCount: orNull(number),
  cameraModel: orNull(text),
  ready: flag,
  readyState: text,
} satisfies { readonly [Name in keyof Medium]: Field<Medium[Name]> };

/** Times are ISO 8601 in UTC. */
export const mediumFields = {
  ...listedFields,
  /**
   * The `mediumVersion` of the last listing or of an archived file. null if only archived files
   * without a version have shown the medium.
   */
  version: orNull(text),
  status: field<MediumStatus>('text'),
  statusSince: text,
  reason: orNull(text),
  failedRuns: count,
  /**
   * The statuses LISTED and FAILED keep this time. So a medium that alternates between WAITING and
   * LISTED still reaches the limit of 30 days.
   */
  waitingSince: orNull(text),
  resolvedRoles: roles,
  /** The roles of the medium's originals. */
  originalRoles: roles,
  unavailable: count,
  firstSeenAt: text,
  goneSince: orNull(text),
  /** A run whose listing showed the medium; null while only the archive has shown it. */
  seenRun: orNull(text),
  /** The run that found the medium deleted at the source, or that first counted its denial. */
  deletedRun: orNull(text),
  /** How many times in a row the provider denied a medium that its listing shows. */
  denials: count,
  /**
   * How many originals the archive lacks, according to its other files of the medium. Only an
   * adoption sets this number, and only if the description of a lost file is lost too. Originals
   * that a resolve adds later leave this number and get `wasArchived`.
   */
  absentOriginals: count,
  /** When a person accepted what is wrong with the medium, and what was wrong. */
  acceptedAt: orNull(text),
  acceptedReason: orNull(text),
};

/** Every field of an `Original` except `mediaId`, which is part of the original's id. */
export const identityFields = {
  provider: field<Provider>('text'),
  account: text,
  role: field<Role>('role'),
  label: text,
  type: text,
  position: text,
  itemNumber: orNull(number),
  ordinal: count,
  revision: count,
  key: text,
} satisfies { readonly [Name in keyof Omit<Original, 'mediaId'>]: Field<Original[Name]> };

/** Times are ISO 8601 in UTC. Only `leaseUntilMs` is in ms since 1970. */
export const originalFields = {
  id: text,
  ...identityFields,
  status: field<OriginalStatus>('text'),
  statusSince: text,
  mark: orNull(field<Mark>('text')),
  sizeBytes: orNull(count),
  crc32: orNull(count),
  etag: orNull(text),
  lastModified: orNull(text),
  /** The provider's claim as `encodeClaim` writes it. null if the provider was never asked. */
  claim: orNull(text),
  /** null for a file that an earlier version archived. */
  proof: orNull(field<Proof>('text')),
  /** The part size with which the claim was proven, in bytes. */
  claimPartBytes: orNull(count),
  /** The CRC32 of bytes that arrived whole but did not match the claim, and were not archived. */
  mismatch: orNull(count),
  /** When the bytes of the archived file were last read and compared. ISO 8601. */
  checkedAt: orNull(text),
  /** True if size, checksum and validator describe a file that is about to be published. */
  intent: flag,
  upload: orNull(field<UploadState>('json')),
  attempt: count,
  owner: orNull(text),
  leaseUntilMs: orNull(count),
  failedRuns: count,
  errorCode: orNull(field<ErrorCode>('text')),
  reason: orNull(text),
  /** True if the archive had the file before, but lost it together with its description. */
  wasArchived: flag,
  /** When the original last failed. A failed repair also sets this time, but keeps the status. */
  failedAt: orNull(text),
  /**
   * When a run last archived the file, also instead of a missing or damaged file. null for a file
   * that was only found in the archive.
   */
  archivedAt: orNull(text),
  /** When a person accepted what is wrong with the original, and what was wrong. */
  acceptedAt: orNull(text),
  acceptedReason: orNull(text),
};

/** Fields of a run that version 0.1 did not record. */
export const runFields = {
  kind: orNull(field<RunKind>('text')),
  fence: orNull(count),
};

export type MediumRecord = RecordOf<typeof mediumFields>;
export type OriginalRecord = RecordOf<typeof originalFields>;

/**
 * The fields that a new record may leave empty. A new record must give a value to all other fields.
 */
export type Initial<Table extends Fields> = {
  readonly [Name in keyof Table as Table[Name] extends Field<string> ? never : Name]: RecordOf<Table>[Name];
};

/** A field's first value, also in a row that was written before the field existed. */
export function initialValue({ kind, isNullable }: Field): unknown {
  if (isNullable) return null;
  const values: Partial<Record<Kind, unknown>> = { count: 0, flag: false, roles: [] };
  return values[kind];
}

export function initialValues<Table extends Fields>(fields: Table): Initial<Table> {
  const values = Object.entries(fields).map(([name, field]) => [name, initialValue(field)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Initial<Table>;
}

export function namesOf<Table extends Fields>(fields: Table): readonly (keyof Table)[] {
  return Object.keys(fields);
}
