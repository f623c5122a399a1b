import { mediumVersion, type Medium, type MediumStatus, type Provider } from '../../media.ts';
import type { TrackedMedium } from '../tracker.ts';
import { rolesOf } from './role-bits.ts';

/** What a ledger keeps of a medium. Times are ISO 8601 in UTC, sets of roles are bits (see `roleBits`). */
export interface MediumFields {
  readonly id: string;
  readonly provider: Provider;
  readonly account: string;
  readonly type: string;
  readonly filename: string;
  readonly file_extension: string | null;
  readonly size_hint_bytes: number | null;
  readonly captured_at: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
  readonly reprocessed_at: string | null;
  readonly item_count: number | null;
  readonly camera_model: string | null;
  readonly ready: 0 | 1;
  readonly ready_state: string;
  /** `mediumVersion` of the last listing; null while only an archive that kept none told of it. */
  readonly version: string | null;
  readonly status: MediumStatus;
  readonly status_since: string;
  readonly reason: string | null;
  readonly failed_runs: number;
  /** Survives LISTED and FAILED in between, or a medium could wait for ever a day at a time. */
  readonly waiting_since: string | null;
  readonly resolved_roles: number;
  readonly original_roles: number;
  readonly unavailable: number;
  readonly first_seen_at: string;
  readonly gone_since: string | null;
  /** A run whose listing showed it; null while only the archive told of it. */
  readonly seen_run: string | null;
  /** The run that found it deleted at the source. */
  readonly deleted_run: string | null;
}

/** The columns that a listing decides. */
export function listingColumns(medium: Medium) {
  return {
    provider: medium.provider,
    account: medium.account,
    type: medium.type,
    filename: medium.filename,
    file_extension: medium.fileExtension,
    size_hint_bytes: medium.sizeHintBytes,
    captured_at: medium.capturedAt,
    created_at: medium.createdAt,
    updated_at: medium.updatedAt,
    reprocessed_at: medium.reprocessedAt,
    item_count: medium.itemCount,
    camera_model: medium.cameraModel,
    ready: medium.ready ? 1 : 0,
    ready_state: medium.readyState,
    version: mediumVersion(medium),
  } as const;
}

/** A medium that was just heard of. */
export function newMedium(medium: Medium, now: string): MediumFields {
  return {
    id: medium.id,
    ...listingColumns(medium),
    status: medium.ready ? 'LISTED' : 'WAITING',
    status_since: now,
    reason: medium.ready ? null : notReady(medium.readyState),
    failed_runs: 0,
    waiting_since: medium.ready ? null : now,
    resolved_roles: 0,
    original_roles: 0,
    unavailable: 0,
    first_seen_at: now,
    gone_since: null,
    seen_run: null,
    deleted_run: null,
  };
}

export function notReady(readyState: string): string {
  return `the provider says "${readyState}"`;
}

export function toMedium(row: MediumFields): Medium {
  return {
    provider: row.provider,
    account: row.account,
    id: row.id,
    type: row.type,
    filename: row.filename,
    fileExtension: row.file_extension,
    sizeHintBytes: row.size_hint_bytes,
    capturedAt: row.captured_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    reprocessedAt: row.reprocessed_at,
    itemCount: row.item_count,
    cameraModel: row.camera_model,
    ready: row.ready === 1,
    readyState: row.ready_state,
  };
}

export function toTrackedMedium(row: MediumFields): TrackedMedium {
  return {
    medium: toMedium(row),
    status: row.status,
    resolvedRoles: rolesOf(row.resolved_roles),
    unavailable: row.unavailable,
    firstSeenAt: row.first_seen_at,
    statusSince: (row.status === 'WAITING' ? row.waiting_since : null) ?? row.status_since,
    reason: row.reason,
    failedRuns: row.failed_runs,
    goneSince: row.gone_since,
  };
}
