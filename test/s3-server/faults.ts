import type { S3ErrorCode, S3Operation, S3Request } from './wire.ts';

/** The requests to which a fault applies. An omitted field matches every request. */
interface FaultMatch<Operation extends S3Operation> {
  readonly operation: Operation;
  /** A text that the key must contain. */
  readonly keyPart?: string;
  readonly partNumber?: number;
  /**
   * The number of a request among those with the same operation, key and part number, from 1 on.
   */
  readonly attempt?: number;
}

export type S3FaultAction =
  /**
   * The store reads and drops the body, then answers with the error. With `within200` the error of
   * CompleteMultipartUpload is inside a reply with status 200. With `retryAfterAs` the header
   * Retry-After has an HTTP date.
   */
  | {
      readonly kind: 'error';
      readonly code: S3ErrorCode;
      readonly retryAfterSeconds?: number;
      readonly retryAfterAs?: 'date';
      readonly within200?: boolean;
    }
  /** The connection is reset before the body is read, or before the reply. Nothing is stored. */
  | { readonly kind: 'reset'; readonly before: 'body' | 'reply' }
  /**
   * The store waits before it reads the body, or before the reply, until the client breaks the
   * connection. Nothing is carried out.
   */
  | { readonly kind: 'stall'; readonly before: 'body' | 'reply' }
  /** The operation is carried out. Then the connection is reset without a reply. */
  | { readonly kind: 'replyLost' };

/** Damages a body, but the client gets status 200. Size and CRC32 are those of the stored bytes. */
export type S3Damage =
  /** `cutBody` stores only the first `keptBytes` bytes. Default: half of the body. */
  { readonly kind: 'cutBody'; readonly keptBytes?: number } | { readonly kind: 'mangleBody' };

export type S3Fault =
  | { readonly match: FaultMatch<S3Operation>; readonly action: S3FaultAction }
  | { readonly match: FaultMatch<'PutObject' | 'UploadPart'>; readonly action: S3Damage };

/** What weaker S3-compatible stores do differently from S3. By default every switch is off. */
export interface S3Legacy {
  /** Overwrites an object in spite of `If-None-Match: *`. */
  readonly ignoresIfNoneMatch?: boolean;
  /** Answers 501 to `If-None-Match`. */
  readonly rejectsIfNoneMatch?: boolean;
  /** Overwrites an object in spite of `If-Match`. */
  readonly ignoresIfMatch?: boolean;
  /** Answers 412 to every `If-Match`. */
  readonly refusesIfMatch?: boolean;
  /** Answers 400 to a full-object checksum, when the upload begins or only when it completes. */
  readonly rejectsFullObjectChecksum?: 'atCreate' | 'atComplete';
  /** Ignores all checksum headers and shows no checksum. */
  readonly noChecksums?: boolean;
  /**
   * Does not compare checksums. HEAD shows the CRC32 of the stored bytes, or the CRC32 that the
   * client sent.
   */
  readonly trustsChecksums?: 'shows stored' | 'repeats sent';
  readonly ignoresMpuObjectSize?: boolean;
  /** Leaves Content-Length out of replies to HEAD, as some proxies do. */
  readonly omitsLengthOfHead?: boolean;
  /**
   * Drops the tags of CreateMultipartUpload. The object gets the tags of the object that it
   * replaces.
   */
  readonly dropsTagsAtCreate?: boolean;
  /** Stores aws-chunked bodies with their framing, as a store without this encoding does. */
  readonly storesChunkedFraming?: boolean;
  /** Answers 501 to aws-chunked bodies with trailers. */
  readonly rejectsTrailers?: boolean;
  /** Treats a request that writes tags as a PUT: the text of the request replaces the object. */
  readonly replacesByTagging?: boolean;
  /** Denies writes with tags, as S3 does without the permission s3:PutObjectTagging. */
  readonly deniesTagging?: boolean;
  /** Answers 501 to tags in a header and to operations on tags. */
  readonly rejectsTagging?: boolean;
}

/** Returns how many equal requests arrived so far, including this one. */
type AttemptCounter = (request: S3Request) => number;

/** Makes a counter. Requests are equal if operation, bucket, key and part number are equal. */
export function createAttemptCounter(): AttemptCounter {
  const attempts = new Map<string, number>();
  return ({ operation, bucket, key, query }) => {
    const what = [operation, query.get('partNumber') ?? '', bucket, key].join(' ');
    const attempt = (attempts.get(what) ?? 0) + 1;
    attempts.set(what, attempt);
    return attempt;
  };
}

/** The action of the first fault that matches the request, or undefined. */
export function matchFault(faults: readonly S3Fault[], request: S3Request, attempt: number): S3Fault['action'] | undefined {
  const partNumber = Number(request.query.get('partNumber'));
  return faults.find(
    ({ match }) =>
      match.operation === request.operation &&
      (match.keyPart === undefined || request.key.includes(match.keyPart)) &&
      (match.partNumber === undefined || match.partNumber === partNumber) &&
      (match.attempt === undefined || match.attempt === attempt),
  )?.action;
}
