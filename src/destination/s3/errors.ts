import { SyncError, type ErrorCode } from '../../errors.ts';
import { kindOf } from '../../lib/aws-error.ts';
import { proxyHint } from '../../lib/http/connection-hint.ts';
import { replyTimeMs } from '../../lib/reply-date.ts';
import { retryAfterMs } from '../../lib/retry.ts';
import { Refusal } from './http/refusal.ts';

/** Returns how long the store asks to wait, in ms. Undefined if it does not ask. */
export function askedWaitMs({ retryAfter, date }: Refusal, nowMs: number): number | undefined {
  return retryAfterMs({ 'retry-after': retryAfter, date }, nowMs);
}

/** Returns the refusal that caused an error of this adapter, or undefined. */
export function refusalOf(error: unknown): Refusal | undefined {
  return error instanceof SyncError && error.cause instanceof Refusal ? error.cause : undefined;
}

/**
 * Whether the error says that a key or an upload does not exist. A missing bucket is another error.
 */
export function isAbsent(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal?.status === 404 && refusal.code !== 'NoSuchBucket';
}

/**
 * Replies by which a store refuses the request itself. A 404 is not among them, because it may be
 * about the object.
 */
const refusals = new Set([400, 401, 403, 405, 406, 411, 413, 414, 415, 422, 431, 501, 505]);

/** Error codes which say that the same request may succeed, although their status is 400 or 403. */
const passing = new Set([
  'BandwidthLimitExceeded',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
]);

/** Error codes which say that the store did not receive exactly the bytes that we sent. */
const mismatches = new Set([
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'InvalidPart',
  'MalformedTrailerError',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);

/** Whether the store did not receive the bytes or the parts that we sent. */
export function isMismatch(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal?.status === 400 && isOfOtherBytes(refusal);
}

function isOfOtherBytes({ code, message }: Refusal): boolean {
  // S3 has no code of its own for the wrong size of an upload.
  return mismatches.has(code) || (code === 'InvalidRequest' && /\bbytes\b|\bsize\b|does not match/i.test(message));
}

/**
 * Whether the store refuses the request itself, so that it would refuse the same request again. Its
 * words do not matter, because every store has its own.
 */
export function isRefused(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal !== undefined && isLasting(refusal);
}

function isLasting(refusal: Refusal): boolean {
  const { status, code } = refusal;
  return status !== null && refusals.has(status) && !passing.has(code) && !fullCodes.has(code) && !isOfOtherBytes(refusal);
}

/**
 * Whether the store refused a write because of its condition, or because of a simultaneous write.
 */
export function isPrecondition(error: unknown): boolean {
  const status = refusalOf(error)?.status;
  return status === 412 || status === 409;
}

/** Whether the request may have been carried out although it ended with this error. */
export function isUndecided(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal !== undefined && isFailure(refusal);
}

/** Whether the same request may succeed a moment later. */
export function isTransient(refusal: Refusal): boolean {
  return refusal.status === 429 || isFailure(refusal) || passing.has(refusal.code);
}

function isFailure({ status }: Refusal): boolean {
  return status === null || (status >= 500 && !refusals.has(status) && status !== 507);
}

const fullCodes = new Set(['XMinioStorageFull', 'QuotaExceeded', 'InsufficientStorage']);
const tooLargeCode = 'EntityTooLarge';
const denied =
  'Allow s3:GetObject, s3:PutObject, s3:ListBucket, s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts and s3:AbortMultipartUpload on the bucket. With a KMS key, also allow kms:Decrypt and kms:GenerateDataKey.';

/**
 * Converts a refusal into a SyncError. `about` names the request, as in `s3://bucket/prefix:
 * reading KEY`.
 */
export function storeError(refusal: Refusal, about: string, nowMs: number): SyncError {
  const message = `${about} failed: ${refusal.message} (${refusal.code})`;
  const unusable = unusableHint(refusal, nowMs);
  if (unusable !== undefined) return new SyncError('DESTINATION_UNUSABLE', message, { hint: unusable, cause: refusal });
  const waitMs = askedWaitMs(refusal, nowMs);
  return new SyncError(codeOf(refusal), message, {
    cause: refusal,
    hint: isLasting(refusal)
      ? 'The store would refuse the same request again. Look up its reason in the manual of the store.'
      : undefined,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

function codeOf(refusal: Refusal): ErrorCode {
  if (refusal.code === tooLargeCode) return 'TOO_LARGE';
  if (refusal.status === 507 || fullCodes.has(refusal.code)) return 'DESTINATION_FULL';
  return isLasting(refusal) ? 'STORE_REFUSED' : 'STORE_FAILED';
}

/**
 * Converts a refused request about the archive itself, not about one file. Without our own objects
 * no archive can be used, so the run stops.
 */
export function asUnusable(error: unknown): unknown {
  if (!(error instanceof SyncError) || error.code !== 'STORE_REFUSED') return error;
  return new SyncError('DESTINATION_UNUSABLE', error.message, { cause: error.cause, hint: error.hint });
}

/**
 * Returns the hint for an error that stops every request, or undefined if another attempt may
 * succeed.
 */
function unusableHint(refusal: Refusal, nowMs: number): string | undefined {
  const { code, status, region } = refusal;
  if (fullCodes.has(code) || code === tooLargeCode || code === 'InvalidObjectState') return undefined;
  const kind = kindOf(code, refusal.message);
  if (kind === 'credentials')
    return 'Check the AWS credentials from the standard chain (environment, profile, role), and that they belong to this store.';
  if (code === 'NoSuchBucket' || code === 'InvalidBucketName')
    return 'Create the bucket first, or correct its name; Cloud Sync never creates a bucket.';
  if (kind === 'noRegion') return 'Name the region of the bucket with --s3-region.';
  if (
    status === 301 ||
    code === 'PermanentRedirect' ||
    code === 'AuthorizationHeaderMalformed' ||
    code === 'IllegalLocationConstraintException'
  ) {
    return region === undefined
      ? 'The bucket is in another region; name it with --s3-region.'
      : `The bucket is in ${region}: set --s3-region to ${region}.`;
  }
  if (kind === 'clockSkew')
    return `Set this machine's clock${skew(refusal, nowMs)}; the store refuses requests that are more than 15 minutes off.`;
  if (code.startsWith('KMS.')) return 'Check the KMS key of the bucket and its grants.';
  if (status === 407) return proxyHint;
  return status === 401 || status === 403 ? denied : undefined;
}

function skew({ date }: Refusal, nowMs: number): string {
  const offMs = nowMs - (replyTimeMs(date) ?? nowMs);
  if (Math.abs(offMs) < 1_000) return '';
  const minutes = Math.round(Math.abs(offMs) / 60_000);
  return `, which is ${minutes} minutes ${offMs > 0 ? 'ahead' : 'behind'}`;
}
