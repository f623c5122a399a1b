import type { UploadState } from '../../destination/destination.ts';
import type { ErrorCode } from '../../errors.ts';
import { originalId, type Mark, type Original, type OriginalStatus, type Provider, type Validator } from '../../media.ts';
import type { TrackedOriginal } from '../tracker.ts';
import { bitsOf, rolesOf } from './role-bits.ts';

/** What a ledger keeps of an original. Times are ISO 8601 in UTC, except leases: ms since 1970. */
export interface OriginalFields {
  readonly id: string;
  readonly provider: Provider;
  readonly account: string;
  /** The bit of its role. */
  readonly role: number;
  readonly label: string;
  readonly type: string;
  readonly position: string;
  readonly item_number: number | null;
  readonly ordinal: number;
  readonly revision: number;
  readonly key: string;
  readonly status: OriginalStatus;
  readonly status_since: string;
  readonly mark: Mark | null;
  readonly size_bytes: number | null;
  readonly crc32: number | null;
  readonly etag: string | null;
  readonly last_modified: string | null;
  /** 1: size, checksum and validator say what was about to be published. */
  readonly intent: 0 | 1;
  /** UploadState as JSON. */
  readonly upload: string | null;
  readonly attempt: number;
  readonly owner: string | null;
  readonly lease_until_ms: number | null;
  readonly failed_runs: number;
  readonly error_code: ErrorCode | null;
  readonly reason: string | null;
}

/** An original that was just heard of. */
export function newOriginal(original: Original, now: string): OriginalFields {
  return {
    id: originalId(original, original.revision),
    revision: original.revision,
    key: original.key,
    provider: original.provider,
    account: original.account,
    role: bitsOf([original.role]),
    label: original.label,
    type: original.type,
    position: original.position,
    item_number: original.itemNumber,
    ordinal: original.ordinal,
    status: 'PENDING',
    status_since: now,
    mark: null,
    size_bytes: null,
    crc32: null,
    etag: null,
    last_modified: null,
    intent: 0,
    upload: null,
    attempt: 0,
    owner: null,
    lease_until_ms: null,
    failed_runs: 0,
    error_code: null,
    reason: null,
  };
}

/** The columns that say which content it is. */
export function contentColumns(whole: {
  readonly sizeBytes: number;
  readonly crc32: number | null;
  readonly validator: Validator;
}) {
  return { size_bytes: whole.sizeBytes, crc32: whole.crc32, ...validatorColumns(whole.validator) } as const;
}

export function validatorColumns(validator: Validator) {
  return { etag: validator.etag, last_modified: validator.lastModified } as const;
}

export function toTrackedOriginal(row: OriginalFields, mediaId: string): TrackedOriginal {
  return {
    id: row.id,
    original: toOriginal(row, mediaId),
    status: row.status,
    mark: row.mark,
    sizeBytes: row.size_bytes,
    crc32: row.crc32,
    validator: { etag: row.etag, lastModified: row.last_modified },
    upload: toUpload(row),
    attempt: row.attempt,
    failedRuns: row.failed_runs,
    errorCode: row.error_code,
    reason: row.reason,
    statusSince: row.status_since,
  };
}

export function toUpload(row: Pick<OriginalFields, 'upload'>): UploadState | null {
  return row.upload === null ? null : (JSON.parse(row.upload) as UploadState);
}

function toOriginal(row: OriginalFields, mediaId: string): Original {
  const [role] = rolesOf(row.role);
  return {
    provider: row.provider,
    account: row.account,
    mediaId,
    role: role!,
    label: row.label,
    type: row.type,
    position: row.position,
    itemNumber: row.item_number,
    ordinal: row.ordinal,
    revision: row.revision,
    key: row.key,
  };
}
