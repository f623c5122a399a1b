import { asSyncError, SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { HttpTimeout, type HttpClient, type Reply } from '../../lib/http/index.ts';
import { retryAfterMs } from '../../lib/retry.ts';
import type { Accounting } from '../accounting.ts';
import type { HostGate } from './limits.ts';

/** The only headers that a caller chooses. Every host of a redirect gets them too. */
export interface RangeHeaders {
  readonly range?: string;
  readonly 'if-range'?: string;
}

export interface RequestHow {
  readonly signal: AbortSignal;
  /** Whether to open a new connection. */
  readonly newConnection?: boolean;
}

/** Sends requests to media hosts. A signed URL needs no credentials, so none are sent. */
export interface MediaHosts {
  /**
   * Follows redirects and returns the reply. Throws HOST_BUSY for 429 and 503, and all further
   * requests to that host then wait. Throws URL_REFUSED for 401 and 403, HTTP_STATUS for other
   * error statuses, CONNECTION_LOST and STALLED.
   */
  request(method: 'GET' | 'HEAD', url: string, headers: RangeHeaders, how: RequestHow): Promise<Reply>;
}

export interface MediaHostsOptions {
  readonly http: HttpClient;
  readonly gate: HostGate;
  readonly clock: Clock;
  readonly accounting: Accounting;
  readonly stallMs: number;
  /**
   * True if the provider's address is plain http. Then signed URLs and redirects may be plain http
   * too. A redirect from https to http is always refused.
   */
  readonly plainHttp: boolean;
  readonly onPause: (host: string, forMs: number) => void;
}

const maxRedirects = 5;
/** The pause for a busy host that does not say how long to wait. */
const busyMs = 1_000;

export function createMediaHosts(options: MediaHostsOptions): MediaHosts {
  return {
    request: async (method, url, headers, how) => {
      let target = parseUrl(url, undefined, options.plainHttp);
      for (let hop = 0; hop <= maxRedirects; hop += 1) {
        const reply = await requestOnce(options, method, target, headers, how);
        const location = reply.headers['location'];
        if (reply.status < 300 || reply.status >= 400 || location === undefined) return checkStatus(options, target, reply);
        reply.body.discard();
        target = parseUrl(location, target, options.plainHttp);
      }
      throw new SyncError('HTTP_STATUS', `${target.host} redirected more than ${maxRedirects} times`);
    },
  };
}

async function requestOnce(
  { gate, accounting, http, stallMs }: MediaHostsOptions,
  method: 'GET' | 'HEAD',
  url: URL,
  headers: RangeHeaders,
  how: RequestHow,
): Promise<Reply> {
  const { signal } = how;
  await gate.pass(url.host, signal);
  accounting.countRequest();
  const all = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'cloud-sync', ...headers };
  return http.request(url, { method, headers: all, stallMs, bulk: true, ...how }).catch((error: unknown) => {
    throw networkError(error, url.host, signal);
  });
}

/** Makes a SyncError of a network error that occurred in a request to a media host. */
export function networkError(error: unknown, host: string, signal: AbortSignal): SyncError {
  if (error instanceof SyncError) return error;
  if (signal.aborted && signal.reason instanceof SyncError) return signal.reason;
  if (error instanceof HttpTimeout) return new SyncError('STALLED', `${host}: ${error.message}`, { cause: error });
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return asSyncError(error);
  const cause = error as { code?: string; message?: string };
  return new SyncError('CONNECTION_LOST', `the connection to ${host} broke (${cause.code ?? cause.message ?? 'unknown'})`, {
    cause: error,
  });
}

function checkStatus({ gate, clock, onPause }: MediaHostsOptions, url: URL, reply: Reply): Reply {
  const { status, headers } = reply;
  if (status < 400 || status === 416) return reply;
  reply.body.discard();
  if (status === 429 || status === 503) {
    const waitMs = retryAfterMs(headers, clock.now()) ?? busyMs;
    gate.pause(url.host, waitMs);
    onPause(url.host, waitMs);
    throw new SyncError('HOST_BUSY', `${url.host} answered ${status}`, { retryAfterMs: waitMs });
  }
  if (status === 401 || status === 403) throw new SyncError('URL_REFUSED', `${url.host} answered ${status} to the signed URL`);
  throw new SyncError('HTTP_STATUS', `${url.host} answered ${status}`);
}

/** Parses a media address, or the target of a redirect from `base`. https never leads to http. */
function parseUrl(text: string, base: URL | undefined, plainHttp: boolean): URL {
  const url = URL.parse(text, base?.href);
  const allowed = url?.protocol === 'https:' || (plainHttp && url?.protocol === 'http:' && base?.protocol !== 'https:');
  if (!url || !allowed) throw new SyncError('HTTP_STATUS', `the media address is not https (${url?.protocol ?? 'unreadable'})`);
  return url;
}
