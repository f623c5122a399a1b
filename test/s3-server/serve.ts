import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { authenticate, type S3AuthOptions } from './auth.ts';
import { readBody } from './body.ts';
import { BUCKET_OPERATIONS } from './buckets.ts';
import { createAttemptCounter, matchFault, type S3Fault, type S3FaultAction } from './faults.ts';
import { MULTIPART_OPERATIONS } from './multipart.ts';
import { OBJECT_OPERATIONS } from './objects.ts';
import type { Operation, StoreState } from './state.ts';
import { errorDocument, parseRequest, S3Error, type S3Operation, type S3Reply, type S3Request } from './wire.ts';

/** One request and what became of it. */
export interface S3LogEntry {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly partNumber: number | undefined;
  /** The number of the request among all with its operation, key and part number, from 1 on. */
  readonly attempt: number;
  /** The status of the reply. 0 as long as the request has no reply. */
  readonly status: number;
  /** The bytes of the body that were read, including the aws-chunked framing. */
  readonly bytesIn: number;
}

/** The state that all requests to one store share. */
interface Service {
  readonly state: StoreState;
  readonly auth: S3AuthOptions;
  readonly deniedBuckets: ReadonlySet<string>;
  readonly faults: readonly S3Fault[];
  readonly log: S3LogEntry[];
  /** The largest number of simultaneous requests of each operation. */
  readonly peaks: Map<S3Operation, number>;
}

const OPERATIONS: Readonly<Record<S3Operation, Operation>> = {
  ...BUCKET_OPERATIONS,
  ...OBJECT_OPERATIONS,
  ...MULTIPART_OPERATIONS,
  Unknown: () => {
    throw new S3Error('NotImplemented');
  },
};

/** Parses, authenticates, carries out, answers and logs requests. Faults may interfere. */
export function createListener(service: Service): RequestListener {
  const countAttempt = createAttemptCounter();
  const underWay = new Map<S3Operation, number>();
  let serial = 0;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    serial += 1;
    response.setHeader('x-amz-request-id', serial.toString(16).toUpperCase().padStart(16, '0'));
    response.setHeader('Date', new Date(Date.now() + (service.auth.clockSkewMs ?? 0)).toUTCString());
    const request = readable(message);
    if (request instanceof S3Error) return send(response, errorReply(request));
    const attempt = countAttempt(request);
    const index = service.log.push(logEntry(request, attempt, 0)) - 1;
    const now = (underWay.get(request.operation) ?? 0) + 1;
    underWay.set(request.operation, now);
    service.peaks.set(request.operation, Math.max(now, service.peaks.get(request.operation) ?? 0));
    try {
      const reply = await answer(service, request, matchFault(service.faults, request, attempt));
      service.log[index] = logEntry(request, attempt, reply?.status ?? 0);
      if (reply === undefined) message.socket.resetAndDestroy();
      else await send(response, reply);
    } finally {
      underWay.set(request.operation, (underWay.get(request.operation) ?? 0) - 1);
    }
  }

  return (message, response) => {
    // No reply is possible here: `serve` rejects only if the client went away.
    serve(message, response).catch(() => message.socket.destroy());
  };
}

/** The parsed request, or the error if the address is invalid. */
function readable(message: IncomingMessage): S3Request | S3Error {
  try {
    return parseRequest(message);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
}

function logEntry({ operation, bucket, key, query, bytesIn }: S3Request, attempt: number, status: number): S3LogEntry {
  const partNumber = query.get('partNumber');
  return { operation, bucket, key, partNumber: partNumber === null ? undefined : Number(partNumber), attempt, status, bytesIn };
}

/**
 * Carries out a request. Returns undefined if the caller must reset the connection without a reply.
 */
async function answer(service: Service, request: S3Request, fault: S3Fault['action'] | undefined): Promise<S3Reply | undefined> {
  try {
    authenticate(request, service.auth);
    if (service.deniedBuckets.has(request.bucket)) throw new S3Error('AccessDenied');
    if (fault?.kind === 'error' || fault?.kind === 'reset' || fault?.kind === 'stall') return await misbehave(request, fault);
    const damage = fault?.kind === 'cutBody' || fault?.kind === 'mangleBody' ? fault : undefined;
    const reply = await OPERATIONS[request.operation]({ request, store: service.state, damage });
    return fault?.kind === 'replyLost' ? undefined : reply;
  } catch (error) {
    if (request.message.destroyed && !request.message.complete) return undefined;
    return errorReply(error instanceof S3Error ? error : new S3Error('InternalError', String(error)));
  }
}

async function misbehave(request: S3Request, fault: Exclude<S3FaultAction, { kind: 'replyLost' }>): Promise<S3Reply | undefined> {
  if (fault.kind === 'error' || fault.before === 'reply') await readBody(request, () => undefined);
  if (fault.kind === 'reset') return undefined;
  if (fault.kind === 'stall') {
    await once(request.message.socket, 'close');
    return undefined;
  }
  const { retryAfterSeconds: seconds, retryAfterAs } = fault;
  const date = new Date(Date.now() + (seconds ?? 0) * 1000).toUTCString();
  const headers: Record<string, string> =
    seconds === undefined ? {} : { 'Retry-After': retryAfterAs === 'date' ? date : String(seconds) };
  const reply = errorReply(new S3Error(fault.code, undefined, { headers }));
  return fault.within200 ? { ...reply, status: 200 } : reply;
}

function errorReply(error: S3Error): S3Reply {
  return { status: error.status, headers: error.headers, body: errorDocument(error) };
}

async function send(response: ServerResponse, { status, headers, body }: S3Reply): Promise<void> {
  if (typeof body === 'object') {
    response.writeHead(status, headers);
    return pipeline(Readable.from(body), response);
  }
  const hasOwnLength = response.req.method === 'HEAD' || status === 204;
  const length = hasOwnLength ? {} : { 'Content-Length': Buffer.byteLength(body ?? '') };
  const type = body === undefined ? {} : { 'Content-Type': 'application/xml' };
  response.writeHead(status, { ...type, ...length, ...headers });
  response.end(body);
}
