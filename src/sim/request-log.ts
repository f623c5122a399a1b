/** The simulated cloud's log of the requests that it received. */
import type { IncomingMessage } from 'node:http';

export type SimHost = 'api' | 'cdn';

/** `file` is the only endpoint of the CDN. `other` means an unknown path or method. */
export type Endpoint = 'search' | 'medium' | 'download' | 'user' | 'notReady' | 'moments' | 'file' | 'other';

/**
 * One request. `status` is 0 until the head of the reply is sent. If the connection is cut before
 * that, `status` stays 0.
 */
export interface LoggedRequest {
  readonly seq: number;
  readonly startedMs: number;
  readonly host: SimHost;
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  /**
   * The query of an API request. Empty for the CDN, because there the query is only a signature.
   */
  readonly query: string;
  readonly mediaId: string | undefined;
  readonly file: { readonly key: string; readonly label?: string; readonly itemNumber?: number | null } | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly accept: string | undefined;
  readonly acceptEncoding: string | undefined;
  readonly userAgent: string | undefined;
  readonly hadCookie: boolean;
  readonly hadAuthorization: boolean;
  /** The client's port. Requests on one connection have the same port. */
  readonly clientPort: number;
  /** The names of the faults that were applied to this request. */
  faults: readonly string[];
  status: number;
  /** How many bytes of the reply's body were passed to the socket. */
  bytesSent: number;
  /** The time when the reply ended or the connection closed. */
  endedMs: number | undefined;
  /**
   * True once the whole reply was sent. False while the reply is being sent, and false if the cloud
   * or the client cut the reply.
   */
  complete: boolean;
}

export interface CloudStats {
  /**
   * The number of requests for each endpoint, such as `search`, `download`, `file`. HEAD requests
   * for files count as `fileHead`.
   */
  readonly requests: Readonly<Record<string, number>>;
  /** The number of replies for each status, for both hosts. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly cdnBytesSent: number;
  /** How many requests to the CDN had a cookie or an authorization header. */
  readonly leaks: number;
  /** The highest number of CDN replies with a body that were being sent at the same time. */
  readonly maxConcurrentDownloads: number;
}

export interface RequestLog {
  /** The logged requests, oldest first. Only the latest requests are kept. */
  readonly requests: readonly LoggedRequest[];
  start(
    request: IncomingMessage,
    about: Pick<LoggedRequest, 'host' | 'endpoint' | 'path' | 'query' | 'mediaId' | 'file'>,
  ): LoggedRequest;
  finish(entry: LoggedRequest, outcome: { readonly complete: boolean }): void;
  stats(): CloudStats;
  clear(): void;
}

/**
 * Creates a log that keeps at least the last `limit` requests. The counters include all requests
 * since the start or since the last `clear`.
 */
export function createRequestLog(limit: number): RequestLog {
  const requests: LoggedRequest[] = [];
  const counts = newCounts();
  let seq = 0;
  let downloads = 0;

  return {
    requests,
    start(request, about) {
      const entry = newEntry(request, about, (seq += 1));
      requests.push(entry);
      if (requests.length > limit * 1.25) requests.splice(0, requests.length - limit);
      const name = about.endpoint === 'file' && entry.method === 'HEAD' ? 'fileHead' : about.endpoint;
      counts.requests[name] = (counts.requests[name] ?? 0) + 1;
      if (about.host === 'cdn' && (entry.hadCookie || entry.hadAuthorization)) counts.leaks += 1;
      if (isDownload(entry)) counts.maxConcurrentDownloads = Math.max(counts.maxConcurrentDownloads, (downloads += 1));
      return entry;
    },
    finish(entry, { complete }) {
      entry.endedMs = Date.now();
      entry.complete = complete;
      counts.statuses[entry.status] = (counts.statuses[entry.status] ?? 0) + 1;
      if (entry.host === 'cdn') counts.cdnBytesSent += entry.bytesSent;
      if (isDownload(entry)) downloads -= 1;
    },
    stats: () => structuredClone(counts),
    clear() {
      requests.length = 0;
      Object.assign(counts, newCounts());
    },
  };
}

function isDownload(entry: LoggedRequest): boolean {
  return entry.host === 'cdn' && entry.method === 'GET';
}

function newCounts() {
  return {
    requests: {} as Record<string, number>,
    statuses: {} as Record<string, number>,
    cdnBytesSent: 0,
    leaks: 0,
    maxConcurrentDownloads: 0,
  };
}

function newEntry(
  request: IncomingMessage,
  about: Pick<LoggedRequest, 'host' | 'endpoint' | 'path' | 'query' | 'mediaId' | 'file'>,
  seq: number,
): LoggedRequest {
  const { headers } = request;
  return {
    ...about,
    seq,
    startedMs: Date.now(),
    method: request.method ?? 'GET',
    range: headers.range,
    ifRange: headers['if-range']?.toString(),
    accept: headers.accept,
    acceptEncoding: headers['accept-encoding']?.toString(),
    userAgent: headers['user-agent'],
    hadCookie: headers.cookie !== undefined,
    hadAuthorization: headers.authorization !== undefined,
    clientPort: request.socket.remotePort ?? 0,
    faults: [],
    status: 0,
    bytesSent: 0,
    endedMs: undefined,
    complete: false,
  };
}
