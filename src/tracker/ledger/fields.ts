import type { UploadState } from '../../destination/destination.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Mark, Medium, MediumStatus, Original, OriginalStatus, Provider, Role } from '../../media.ts';

/**
 * The table of fields: what a ledger keeps of a medium and of an original. Record types, columns,
 * attributes and their encoding follow from it. A new field is one entry here; files and tables
 * that exist take it up by themselves.
 */

/** `count` is a whole number of our own; `number` is the provider's and may be any. */
export type Kind = 'text' | 'count' | 'number' | 'flag' | 'role' | 'roles' | 'json';

export interface Field<Value = unknown> {
  readonly kind: Kind;
  readonly isNullable: boolean;
  /** Never there: it gives the field its type. */
  readonly value?: Value;
}

export type Fields = Readonly<Record<string, Field>>;

export type RecordOf<Table extends Fields> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value : never;
};

const required = (kind: Kind) => ({ kind, isNullable: false });
const text = <Value extends string = string>(): Field<Value> => required('text');
const count = (): Field<number> => required('count');
const flag = (): Field<boolean> => required('flag');
const role = (): Field<Role> => required('role');
const roles = (): Field<readonly Role[]> => required('roles');
const nullable = <Value>(field: Field<Value>): Field<Value | null> => ({ kind: field.kind, isNullable: true });
const textOrNull = <Value extends string = string>() => nullable(text<Value>());
const countOrNull = () => nullable(count());
const numberOrNull = (): Field<number | null> => ({ kind: 'number', isNullable: true });
const jsonOrNull = <Value>(): Field<Value | null> => ({ kind: 'json', isNullable: true });

/** What a listing decides: every field of a `Medium`. */
export const listedFields = {
  id: text(),
  provider: text<Provider>(),
  account: text(),
  type: text(),
  filename: text(),
  fileExtension: textOrNull(),
  sizeHintBytes: numberOrNull(),
  capturedAt: textOrNull(),
  createdAt: textOrNull(),
  updatedAt: textOrNull(),
  reprocessedAt: textOrNull(),
  itemCount: numberOrNull(),
  cameraModel: textOrNull(),
  ready: flag(),
  readyState: text(),
} satisfies { readonly [Name in keyof Medium]: Field<Medium[Name]> };

/** Times are ISO 8601 in UTC. */
export const mediumFields = {
  ...listedFields,
  /**
   * `mediumVersion` of the last listing; null while only an archive without it shows the medium.
   */
  version: textOrNull(),
  status: text<MediumStatus>(),
  statusSince: text(),
  reason: textOrNull(),
  failedRuns: count(),
  /** Survives LISTED and FAILED; else a medium could wait for ever, one day at a time. */
  waitingSince: textOrNull(),
  resolvedRoles: roles(),
  /** Roles of its originals. */
  originalRoles: roles(),
  unavailable: count(),
  firstSeenAt: text(),
  goneSince: textOrNull(),
  /** A run whose listing showed it; null while only the archive has shown it. */
  seenRun: textOrNull(),
  /** The run that found it deleted at the source. */
  deletedRun: textOrNull(),
};

/** Every field of an `Original` but its medium's id, which its own id contains. */
export const identityFields = {
  provider: text<Provider>(),
  account: text(),
  role: role(),
  label: text(),
  type: text(),
  position: text(),
  itemNumber: numberOrNull(),
  ordinal: count(),
  revision: count(),
  key: text(),
} satisfies { readonly [Name in keyof Omit<Original, 'mediaId'>]: Field<Original[Name]> };

/** Times are ISO 8601 in UTC, except leases: ms since 1970. */
export const originalFields = {
  id: text(),
  ...identityFields,
  status: text<OriginalStatus>(),
  statusSince: text(),
  mark: textOrNull<Mark>(),
  sizeBytes: countOrNull(),
  crc32: countOrNull(),
  etag: textOrNull(),
  lastModified: textOrNull(),
  /** Size, checksum and validator say what was about to be published. */
  intent: flag(),
  upload: jsonOrNull<UploadState>(),
  attempt: count(),
  owner: textOrNull(),
  leaseUntilMs: countOrNull(),
  failedRuns: count(),
  errorCode: textOrNull<ErrorCode>(),
  reason: textOrNull(),
};

export type MediumRecord = RecordOf<typeof mediumFields>;
export type OriginalRecord = RecordOf<typeof originalFields>;

/** Fields that begin empty; any other text has to be given. */
export type Initial<Table extends Fields> = {
  readonly [Name in keyof Table as Table[Name] extends Field<string> ? never : Name]: RecordOf<Table>[Name];
};

/** What a field is at first, also in a row that was written before the field existed. */
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
