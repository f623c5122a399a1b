import { createHash } from 'node:crypto';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HttpClient, Proxies } from '../../lib/http/index.ts';
import type { Medium, Role } from '../../media.ts';
import { claimInS3Headers } from '../../proof/claim.ts';
import type { ListingPage, Resolution, Source } from '../source.ts';
import { callApi } from './api.ts';
import { checkCredentials, requestHeaders, type AuthMode, type GoproCredentials } from './credentials.ts';
import { defaultApiUrl, defaultRequestsPerSecond } from './defaults.ts';
import type { Exchange } from './exchange.ts';
import { resolveOriginals } from './originals.ts';
import { createPacer } from './pacer.ts';
import { downloadReply, isUsableId, listingReply, mediumFields, recordOf, toMedium } from './schema.ts';
import { createSession, validate, type Session } from './session.ts';

export type { AuthMode, GoproCredentials } from './credentials.ts';

export interface GoproSourceOptions {
  /** The API's address. If it is plain http, the signed URLs may be plain http too. */
  readonly apiUrl: string;
  readonly credentials: GoproCredentials;
  /** The rate of requests to the API. The default is 4. */
  readonly requestsPerSecond?: number;
  /** A request is aborted after this many ms without a byte. */
  readonly stallMs: number;
  readonly http: HttpClient;
  /** The proxies that `http` uses. Errors name them. */
  readonly proxies?: Proxies | undefined;
  readonly clock: Clock;
  /** The authorisation mode that worked in an earlier run. */
  readonly rememberedMode?: AuthMode;
  /** Called for each request to the API, also for each repeated one. */
  readonly onRequest?: () => void;
  readonly onWarning?: (message: string, hint?: string) => void;
}

export interface GoproSource extends Source {
  /** How the credentials are sent. The caller may store this mode after a successful `validate`. */
  readonly mode: AuthMode;
}

const pageSize = 100;

/**
 * The GoPro cloud as a source. Creating it does no I/O. A method whose signal is aborted rejects
 * with the signal's reason. Throws USAGE for a bad address, and CREDENTIALS_MISSING for credentials
 * that cannot be sent.
 */
export function createGoproSource(options: GoproSourceOptions): GoproSource {
  const { credentials, http, clock, stallMs } = options;
  const apiUrl = parseApiUrl(options.apiUrl);
  checkCredentials(credentials);
  const exchange: Exchange = {
    apiUrl,
    http,
    proxies: options.proxies,
    clock,
    stallMs,
    pacer: createPacer({ perSecond: options.requestsPerSecond ?? defaultRequestsPerSecond, clock }),
    headers: (mode) => requestHeaders(credentials, mode),
    onRequest: () => options.onRequest?.(),
    onWarning: (message, hint) => options.onWarning?.(message, hint),
    isClockCompared: false,
  };
  const session = createSession(exchange, options.rememberedMode);
  const library: Library = { session, account: accountOf(credentials.userId), httpsOnly: apiUrl.protocol === 'https:' };
  return {
    provider: 'gopro',
    account: library.account,
    get mode() {
      return session.mode;
    },
    validate: async (signal) => validate(session, signal),
    list: (page, signal) => listPages(library, page, signal),
    get: async (mediaId, signal) => getMedium(library, mediaId, signal),
    resolve: async (mediaId, roles, signal) => resolveMedium(library, mediaId, roles, signal),
    claimIn: claimInS3Headers,
  };
}

function parseApiUrl(address: string): URL {
  const url = URL.parse(address);
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!plain || !isWeb)
    throw new SyncError('USAGE', 'The address of the GoPro API must be an https URL without user, query and fragment');
  // A host name may end with a dot.
  const isGopro = url.hostname.replace(/\.$/, '') === new URL(defaultApiUrl).hostname;
  if (isGopro && url.protocol === 'http:')
    throw new SyncError('USAGE', `${address} would send the cookies unencrypted to GoPro`, { hint: `Use ${defaultApiUrl}.` });
  return url;
}

/**
 * The account is recorded and printed, but the user id is half of the credentials. So the account
 * is a hash of the user id.
 */
function accountOf(userId: string | undefined): string {
  return userId === undefined ? 'default' : createHash('sha256').update(userId).digest('hex').slice(0, 16);
}

interface Library {
  readonly session: Session;
  readonly account: string;
  /** True if signed URLs must be https. */
  readonly httpsOnly: boolean;
}

/**
 * Sends no filter. A filter would hide media of unknown types and states, which must be counted.
 */
async function* listPages({ session, account }: Library, page: number, signal?: AbortSignal): AsyncGenerator<ListingPage, void> {
  const query = `per_page=${pageSize}&order_by=created_at&fields=${mediumFields.join(',')}`;
  for (let current = page; ; current += 1) {
    const call = {
      path: `/media/search?page=${current}&${query}`,
      schema: listingReply,
      subject: `page ${current} of the listing`,
      scope: 'listing',
    } as const;
    const { records, totalPages, totalItems, unreadable } = await callApi(session, call, signal);
    yield { media: records.map((record) => toMedium(record, account)), page: current, totalPages, totalItems, unreadable };
    if (current >= totalPages) return;
  }
}

async function getMedium({ session, account }: Library, mediaId: string, signal?: AbortSignal): Promise<Medium | undefined> {
  const path = `${mediumPath(mediaId)}?fields=${mediumFields.join(',')}`;
  const call = { path, schema: recordOf(mediaId), subject: `medium ${mediaId}`, scope: 'medium' } as const;
  try {
    return toMedium(await callApi(session, call, signal), account);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'SOURCE_GONE') return undefined;
    throw error;
  }
}

async function resolveMedium(
  library: Library,
  mediaId: string,
  roles: readonly Role[],
  signal?: AbortSignal,
): Promise<Resolution> {
  const subject = `the files of medium ${mediaId}`;
  const call = { path: `${mediumPath(mediaId)}/download`, schema: downloadReply, subject, scope: 'medium' } as const;
  const resolution = resolveOriginals(mediaId, await callApi(library.session, call, signal), roles);
  const urls = resolution.originals.flatMap(({ url, headUrl }) => (headUrl === null ? [url] : [url, headUrl]));
  if (library.httpsOnly && urls.some((url) => URL.parse(url)?.protocol !== 'https:')) {
    throw new SyncError('API_REFUSED', `GoPro offers ${subject} at an address that is not https`);
  }
  return resolution;
}

function mediumPath(mediaId: string): string {
  if (!isUsableId(mediaId)) throw new SyncError('API_REFUSED', `${JSON.stringify(mediaId)} cannot be the id of a medium`);
  return `/media/${encodeURIComponent(mediaId)}`;
}
