/** The API without faults: the listing, records of media, download replies and the account. */
import type { IncomingMessage } from 'node:http';
import { filePath } from './cdn.ts';
import type { ListQuery, SimLibrary } from './library/library.ts';
import type { MediaRecord, SimFile, SimMedium } from './library/medium.ts';
import { jsonReply, type Reply } from '../reply.ts';
import type { Endpoint } from '../request-log.ts';
import type { SignedMethod } from './signed-urls.ts';

export interface ApiSession {
  readonly accessToken: string;
  readonly userId: string;
  readonly expired: boolean;
  readonly auth: 'cookies' | 'bearer' | 'both';
}

export interface ApiWorld {
  readonly library: SimLibrary;
  readonly session: ApiSession;
  readonly perPageCap: number;
  /** Returns a full URL on the CDN. */
  readonly sign: (path: string, method: SignedMethod) => string;
}

export interface ApiRoute {
  readonly endpoint: Endpoint;
  readonly mediaId: string | undefined;
}

const VENDOR_TYPE = /^application\/vnd\.gopro\.jk\.media(\.\w+)?\+json\b/;
const DEFAULT_PER_PAGE = 30;

/** Returns the endpoint that a path belongs to. */
export function apiRoute(method: string, path: string): ApiRoute {
  if (method !== 'GET') return { endpoint: 'other', mediaId: undefined };
  if (path === '/media/search') return { endpoint: 'search', mediaId: undefined };
  if (path === '/media/user') return { endpoint: 'user', mediaId: undefined };
  if (path === '/media/filters/not-ready') return { endpoint: 'notReady', mediaId: undefined };
  const [, encodedId = '', rest] = /^\/media\/([^/]+)(?:\/(download|moments))?$/.exec(path) ?? [];
  const mediaId = decodeId(encodedId);
  if (mediaId === '') return { endpoint: 'other', mediaId: undefined };
  if (rest === 'download' || rest === 'moments') return { endpoint: rest, mediaId };
  return { endpoint: 'medium', mediaId };
}

/**
 * Makes the reply to a request. The Accept header is checked first (406 without a body), then the
 * session (401), then the endpoint.
 */
export function apiReply(request: IncomingMessage, url: URL, route: ApiRoute, world: ApiWorld): Reply {
  if (!VENDOR_TYPE.test(request.headers.accept ?? '')) {
    return { status: 406, headers: { 'content-length': '0' }, body: { kind: 'none' } };
  }
  if (!isSignedIn(request, world.session)) {
    return jsonReply(401, { error: 'invalid_token', error_description: 'The access token is missing, expired or unknown.' });
  }
  switch (route.endpoint) {
    case 'search':
      return listingReply(url.searchParams, world, searchFilter(url.searchParams));
    case 'notReady':
      return listingReply(url.searchParams, world, { orderBy: 'created_at', notReady: true });
    case 'user':
      return jsonReply(200, accountOf(world));
    case 'medium':
      return ofMedium(route, world, (medium) => pickFields(medium.record, url.searchParams.get('fields')));
    case 'download':
      return ofMedium(route, world, (medium) => downloadReply(medium, world.sign));
    case 'moments':
      return ofMedium(route, world, momentsOf);
    default:
      return jsonReply(404, { error: 'not_found', error_description: 'There is no such endpoint.' });
  }
}

/** Returns the number of the page that a listing request asks for. The first page is 1. */
export function pageOf(url: URL): number {
  return positiveInteger(url.searchParams.get('page'), 1);
}

/**
 * Makes the reply of `/media/{id}/download`. Each file is in the list that it belongs to, with one
 * URL for GET and another URL for HEAD.
 */
export function downloadReply(medium: SimMedium, sign: ApiWorld['sign']): unknown {
  const entries = (list: SimFile['list']): unknown[] =>
    medium.files.filter((file) => file.list === list).map((file) => replyEntry(medium.id, file, sign));
  return {
    filename: medium.record.filename,
    _embedded: {
      files: entries('files'),
      variations: entries('variations'),
      sidecar_files: entries('sidecar_files'),
      sprites: entries('sprites'),
    },
  };
}

function replyEntry(mediaId: string, file: SimFile, sign: ApiWorld['sign']): Record<string, unknown> {
  const path = filePath(mediaId, file);
  const url = file.available ? sign(path, 'GET') : '';
  const head = file.available ? sign(path, 'HEAD') : '';
  const numbered = 'itemNumber' in file ? { item_number: file.itemNumber } : {};
  const common = { ...numbered, available: file.available, url, head };
  const position = file.cameraPosition === undefined ? {} : { camera_position: file.cameraPosition };
  const { label, type, quality, width, height } = file;
  switch (file.list) {
    case 'files':
      return {
        ...common,
        ...position,
        urls: [url],
        heads: [head],
        width,
        height,
        orientation: 1,
        transforms: [],
        video_codec: null,
      };
    case 'variations':
      return { label, quality: quality ?? null, type, width, height, ...position, ...common };
    case 'sidecar_files':
      return { label, type, fps: 0, ...common };
    default:
      return { frame: { count: 60, width, height }, urls: [url], heads: [head], total_count: 60, fps: 1 };
  }
}

function listingReply(params: URLSearchParams, world: ApiWorld, filter: Omit<ListQuery, 'offset' | 'limit'>): Reply {
  const perPage = Math.min(positiveInteger(params.get('per_page'), DEFAULT_PER_PAGE), world.perPageCap);
  const page = positiveInteger(params.get('page'), 1);
  const { media, totalItems } = world.library.list({ ...filter, offset: (page - 1) * perPage, limit: perPage });
  const totalPages = Math.ceil(totalItems / perPage);
  return jsonReply(200, {
    _pages: { current_page: page, per_page: perPage, total_items: totalItems, total_pages: totalPages },
    _embedded: { errors: [], media: media.map((medium) => pickFields(medium.record, params.get('fields'))) },
  });
}

function searchFilter(params: URLSearchParams): Omit<ListQuery, 'offset' | 'limit'> {
  const types = commaList(params.get('type'));
  const processingStates = commaList(params.get('processing_states'));
  const [from = Number.NaN, to = Number.NaN] = (params.get('captured_range') ?? '').split(',').map((time) => Date.parse(time));
  return {
    orderBy: params.get('order_by') === 'captured_at' ? 'captured_at' : 'created_at',
    ...(types && { types }),
    ...(processingStates && { processingStates }),
    ...(Number.isNaN(from) || Number.isNaN(to) ? {} : { capturedRangeMs: [from, to] as const }),
  };
}

function ofMedium(route: ApiRoute, { library }: ApiWorld, answer: (medium: SimMedium) => unknown): Reply {
  const medium = library.get(route.mediaId ?? '');
  if (medium === undefined || library.isTrashed(medium.id)) {
    return jsonReply(404, { error: 'not_found', error_description: 'There is no such medium.' });
  }
  return jsonReply(200, answer(medium));
}

function pickFields(record: MediaRecord, fields: string | null): Record<string, unknown> {
  const wanted = commaList(fields);
  return wanted === undefined
    ? record
    : Object.fromEntries(wanted.flatMap((name) => (name in record ? [[name, record[name]]] : [])));
}

function momentsOf(medium: SimMedium): unknown {
  const moments = Array.from({ length: medium.record.moments_count }, (_, index) => ({
    id: `${medium.id}-${index + 1}`,
    medium_id: medium.id,
    frame: null,
    time: (index + 1) * 7_000,
  }));
  return { _embedded: { errors: [], moments } };
}

function accountOf({ library, session }: ApiWorld): unknown {
  return {
    id: session.userId,
    total_count: library.size,
    // To add up all sizes, the simulator would have to build every medium of a large library. So
    // the total is omitted.
    total_storage: null,
    exempt: { camera_media: true, unlimited: true },
    non_exempt: { total_storage: 0, limit: 107_374_182_400 },
    created_at: '2016-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  };
}

function isSignedIn(request: IncomingMessage, session: ApiSession): boolean {
  if (session.expired) return false;
  const { authorization, cookie = '' } = request.headers;
  const cookies = new Map(
    cookie.split(/;\s*/).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const byCookies = cookies.get('gp_access_token') === session.accessToken && cookies.get('gp_user_id') === session.userId;
  const byBearer = authorization === `Bearer ${session.accessToken}`;
  return (session.auth !== 'bearer' && byCookies) || (session.auth !== 'cookies' && byBearer);
}

function commaList(value: string | null): string[] | undefined {
  return value === null || value === '' ? undefined : value.split(',').map((part) => part.trim());
}

function positiveInteger(value: string | null, fallback: number): number {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : fallback;
}

function decodeId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return '';
  }
}
