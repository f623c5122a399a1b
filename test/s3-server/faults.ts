import type { S3ErrorCode, S3Operation, S3Request } from './wire.ts';

/** Which requests a fault meets; what is left out matches everything. */
interface FaultMatch<Operation extends S3Operation> {
  readonly operation: Operation;
  /** A piece of the key. */
  readonly keyPart?: string;
  readonly partNumber?: number;
  /** 1 for the first request of this operation to the same key (and part). */
  readonly attempt?: number;
}

export type S3FaultAction =
  /** The error is answered after the body was read and thrown away. `within200`: CompleteMultipartUpload's error inside of a 200. */
  | { readonly kind: 'error'; readonly code: S3ErrorCode; readonly retryAfterSeconds?: number; readonly within200?: boolean }
  /** The connection is reset: before the body is read, or after it, with nothing carried out. */
  | { readonly kind: 'reset'; readonly before: 'body' | 'reply' }
  /** Silence until the client gives up: nothing of the body is read, or all of it, and nothing is carried out. */
  | { readonly kind: 'stall'; readonly before: 'body' | 'reply' }
  /** The operation is carried out, then the connection is reset instead of a reply. */
  | { readonly kind: 'replyLost' };

/** How a body is spoilt on its way into the store while the client hears 200; size and CRC32 are those of what was stored. */
export type S3Damage =
  /** Only the first `keptBytes` are stored; half of them if not said. */
  { readonly kind: 'cutBody'; readonly keptBytes?: number } | { readonly kind: 'mangleBody' };

export type S3Fault =
  | { readonly match: FaultMatch<S3Operation>; readonly action: S3FaultAction }
  | { readonly match: FaultMatch<'PutObject' | 'UploadPart'>; readonly action: S3Damage };

/** What weaker S3-compatible stores do differently. Every switch is off by default. */
export interface S3Legacy {
  /** Overwrites in spite of `If-None-Match: *`. */
  readonly ignoresIfNoneMatch?: boolean;
  /** Answers 501 to `If-None-Match`. */
  readonly rejectsIfNoneMatch?: boolean;
  /** Answers 400 to a full-object checksum, when the upload begins or only when it is to be completed. */
  readonly rejectsFullObjectChecksum?: 'atCreate' | 'atComplete';
  /** Ignores every checksum header and shows none. */
  readonly noChecksums?: boolean;
  readonly ignoresMpuObjectSize?: boolean;
  /** Drops the tags that were given to CreateMultipartUpload. */
  readonly dropsTagsAtCreate?: boolean;
  /** Stores aws-chunked bodies with their framing, as one that does not know this encoding. */
  readonly storesChunkedFraming?: boolean;
  /** Answers 501 to aws-chunked bodies with trailers. */
  readonly rejectsTrailers?: boolean;
  /** Answers 501 to tags, be they a header or an operation. */
  readonly rejectsTagging?: boolean;
}

/** How often the same thing was asked for, this time included. */
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
