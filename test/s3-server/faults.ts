import type { S3ErrorCode, S3Operation, S3Request } from './wire.ts';

/** The requests that a fault strikes. An omitted field matches everything. */
interface FaultMatch<Operation extends S3Operation> {
  readonly operation: Operation;
  /** A substring of the key. */
  readonly keyPart?: string;
  readonly partNumber?: number;
  /** 1 for the first request of this operation to the same key (and part). */
  readonly attempt?: number;
}

export type S3FaultAction =
  /**
   * The store answers the error after it has read and dropped the body. `within200`: it is
   * CompleteMultipartUpload's error inside a 200.
   */
  | { readonly kind: 'error'; readonly code: S3ErrorCode; readonly retryAfterSeconds?: number; readonly within200?: boolean }
  /** Resets the connection before the body is read, or after that. Nothing is carried out. */
  | { readonly kind: 'reset'; readonly before: 'body' | 'reply' }
  /** Silent until the client gives up, before or after the body is read. Nothing is carried out. */
  | { readonly kind: 'stall'; readonly before: 'body' | 'reply' }
  /** Carries the operation out, then resets the connection instead of a reply. */
  | { readonly kind: 'replyLost' };

/** Spoils a body before it is stored, while the client gets 200. Size and CRC32 fit the result. */
export type S3Damage =
  /** Stores only the first `keptBytes`; default: half of the body. */
  { readonly kind: 'cutBody'; readonly keptBytes?: number } | { readonly kind: 'mangleBody' };

export type S3Fault =
  | { readonly match: FaultMatch<S3Operation>; readonly action: S3FaultAction }
  | { readonly match: FaultMatch<'PutObject' | 'UploadPart'>; readonly action: S3Damage };

/** The differences of weaker S3-compatible stores. Every switch is off by default. */
export interface S3Legacy {
  /** Overwrites in spite of `If-None-Match: *`. */
  readonly ignoresIfNoneMatch?: boolean;
  /** Answers 501 to `If-None-Match`. */
  readonly rejectsIfNoneMatch?: boolean;
  /** Answers 400 to a full-object checksum, when the upload begins or only when it completes. */
  readonly rejectsFullObjectChecksum?: 'atCreate' | 'atComplete';
  /** Ignores every checksum header and shows none. */
  readonly noChecksums?: boolean;
  readonly ignoresMpuObjectSize?: boolean;
  /** Drops the tags of CreateMultipartUpload. */
  readonly dropsTagsAtCreate?: boolean;
  /** Stores aws-chunked bodies with their framing, like a store without this encoding. */
  readonly storesChunkedFraming?: boolean;
  /** Answers 501 to aws-chunked bodies with trailers. */
  readonly rejectsTrailers?: boolean;
  /** Answers 501 to tags, in a header or an operation. */
  readonly rejectsTagging?: boolean;
}

/** Returns the number of equal requests, this one included. */
type AttemptCounter = (request: S3Request) => number;

/** Counts from 1 by operation, bucket, key and part number. */
export function createAttemptCounter(): AttemptCounter {
  const attempts = new Map<string, number>();
  return ({ operation, bucket, key, query }) => {
    const what = [operation, query.get('partNumber') ?? '', bucket, key].join(' ');
    const attempt = (attempts.get(what) ?? 0) + 1;
    attempts.set(what, attempt);
    return attempt;
  };
}

/** The action of the first fault that matches, or undefined. */
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
