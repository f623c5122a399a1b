import type { UploadState, WantedUpload } from './destination.ts';

/**
 * A file up to this size stays in memory until its commit, because a draft or an open request would
 * cost more.
 */
export const maxHeldBytes = 256 * 1024;

/**
 * An upload that no tracker needs is dropped after this time. Cookies expire after a week, so the
 * time is long enough to renew them.
 */
export const abandonedAfterMs = 30 * 24 * 3_600_000;

/** Whether an earlier upload has the same content, so that it can continue in its own parts. */
export function canResume(state: UploadState, wanted: WantedUpload): boolean {
  return (
    state.sizeBytes === wanted.sizeBytes &&
    state.validator.etag === wanted.validator.etag &&
    state.validator.lastModified === wanted.validator.lastModified
  );
}
