import { SyncError, type ErrorCode } from '../../errors.ts';
import { kindOf } from '../../lib/aws-error.ts';
import { proxyHint } from '../../lib/http/connection-hint.ts';
import { replyTimeMs } from '../../lib/reply-date.ts';
import { retryAfterMs } from '../../lib/retry.ts';

/**
 * An unsuccessful reply of the store, or an error of the network. A Refusal is the `cause` of a
 * SyncError.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** null if no reply came. Then the request may or may not have been carried out. */
  readonly status: number | null;
  /** The error code from S3 or from the network. */
  readonly code: string;
  /** The bucket's own region, if the reply names it. */
  readonly region: string | undefined;
  readonly retryAfter: string | undefined;
  /** The time of the store's clock, as an HTTP date. */
  readonly date: string | undefined;

  constructor(reply: {
    status: number | null;
    code: string;
    message: string;
    headers?: Readonly<Record<string, unknown>>;
    region?: string | undefined;
  }) {
    super(reply.message);
    this.status = reply.status;
    this.code = reply.code;
    this.region =
      text(reply.headers?.['x-amz-bucket-region']) ?? reply.region ?? /expecting '([a-z0-9-]+)'/.exec(reply.message)?.[1];
    this.retryAfter = text(reply.headers?.['retry-after']);
    this.date = text(reply.headers?.['date']);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

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

/** A feature that a request may use and that some stores do not support. */
export type Feature = 'conditions' | 'trailers' | 'checksums' | 'tags';

/** How the text of a refusal names a feature. */
const featureNames: Readonly<Record<Feature, RegExp>> = {
  conditions: /if-(none-)?match|condition/i,
  trailers: /trailer|aws-chunked|streaming|content-sha256/i,
  checksums: /checksum|crc32|full.?object/i,
  tags: /tagging|tags/i,
};

const unsupportedCodes = new Set([
  'NotImplemented',
  'MethodNotAllowed',
  'UnsupportedOperation',
  'InvalidArgument',
  'InvalidRequest',
  'XAmzContentSHA256Mismatch',
]);

/**
 * Whether the store said that it does not support a feature. A 400 or 405 says so only if it names
 * the feature, because a store answers 400 for many other reasons.
 */
export function isUnsupported(error: unknown, feature: Feature): boolean {
  const refusal = refusalOf(error);
  if (!refusal || refusal.status === 501) return refusal !== undefined;
  if (refusal.status !== 400 && refusal.status !== 405) return false;
  return refusal.code === 'NotImplemented' || (unsupportedCodes.has(refusal.code) && featureNames[feature].test(refusal.message));
}

/** Whether the store refused a body because the body does not have the checksum that was sent. */
export function isChecksumRefused(error: unknown): boolean {
  const refusal = refusalOf(error);
  if (refusal?.status !== 400) return false;
  return (
    /digest|checksum/i.test(refusal.code) || (refusal.code === 'InvalidRequest' && featureNames.checksums.test(refusal.message))
  );
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
  return refusal.status === 429 || isFailure(refusal);
}

function isFailure({ status }: Refusal): boolean {
  return status === null || (status >= 500 && status !== 501 && status !== 507);
}

/**
 * Reads the refusal from the XML of an error reply. For any other body the status is used as the
 * code.
 */
export function refusalFromReply(status: number, headers: Readonly<Record<string, unknown>>, body: string): Refusal {
  const element = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  return new Refusal({
    status,
    code: element('Code') ?? String(status),
    message: element('Message') ?? `HTTP status ${status}`,
    headers,
    region: element('Region'),
  });
}

/** Converts an error of the SDK or of node:http into a refusal. */
export function refusalFromError(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const error = thrown as {
    name?: string;
    code?: string;
    message?: string;
    Region?: string;
    statusCode?: number;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  // A proxy that refuses a tunnel gives its status, and then no reply of the store comes.
  const status = error.$metadata?.httpStatusCode ?? (error.statusCode === 407 ? 407 : null);
  // A reply to HEAD has no body, so nothing names the error.
  const nameless = status !== null && /^(Unknown|UnknownError|Forbidden|\d+)$/.test(error.name ?? 'Unknown');
  if (nameless) return refusalFromReply(status, error.$response?.headers ?? {}, '');
  const code = error.code ?? error.name ?? 'unknown';
  return new Refusal({
    status,
    code,
    message: error.message || code,
    headers: error.$response?.headers ?? {},
    region: error.Region,
  });
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
  return new SyncError(codeOf(refusal), message, { cause: refusal, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) });
}

function codeOf({ status, code }: Refusal): ErrorCode {
  if (code === tooLargeCode) return 'TOO_LARGE';
  return status === 507 || fullCodes.has(code) ? 'DESTINATION_FULL' : 'STORE_FAILED';
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
