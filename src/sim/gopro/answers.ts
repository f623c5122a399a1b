/**
 * Answers a request. The request is logged, faults are applied to the library, the reply is made,
 * faults are applied to the reply, and the reply is sent.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { disturbLibrary, faultyReply } from './faults/effects.ts';
import { faultName, type FaultSwitch, type StruckRequest } from './faults/faults.ts';
import { apiReply, apiRoute, pageOf, type ApiSession, type ApiWorld } from './api.ts';
import { cdnReply, parseFilePath, rangeOf } from './cdn.ts';
import { mediaOf } from './faults/json.ts';
import type { SimLibrary } from './library/library.ts';
import type { SimFile } from './library/medium.ts';
import { sendReply, type Reply } from '../reply.ts';
import type { LoggedRequest, RequestLog } from '../request-log.ts';
import type { UrlSigner } from './signed-urls.ts';

export interface CloudContext {
  readonly library: SimLibrary;
  readonly session: ApiSession;
  readonly perPageCap: number;
  readonly signer: UrlSigner;
  readonly log: RequestLog;
  readonly faults: FaultSwitch;
  /** The addresses of both servers. They are known when the servers listen. */
  readonly origins: { readonly api: string; readonly cdn: string };
}

/** Answers one request to the API host. */
export async function answerApi(context: CloudContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { library, session, perPageCap, signer, origins } = context;
  const world: ApiWorld = { library, session, perPageCap, sign: (path, method) => `${origins.cdn}${signer.sign(path, method)}` };
  const url = urlOf(request);
  const route = apiRoute(request.method ?? '', url.pathname);
  const entry = context.log.start(request, { host: 'api', ...route, path: url.pathname, query: url.search, file: undefined });
  const page = route.endpoint === 'search' || route.endpoint === 'notReady' ? pageOf(url) : undefined;
  const struck: StruckRequest = {
    host: 'api',
    ...route,
    method: entry.method,
    file: undefined,
    page,
    range: { start: 0, end: 0 },
  };
  const makeReply = (): Reply => apiReply(request, url, route, world);
  const pageBefore = (): ReturnType<typeof mediaOf> => {
    const before = new URL(url);
    before.searchParams.set('page', String((page ?? 1) - 1));
    return mediaOf(apiReply(request, before, route, world));
  };
  await strikeAndSend(context, { request, response, entry, struck, makeReply, pageBefore });
}

/** Answers one request to the CDN host. */
export async function answerCdn(context: CloudContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = urlOf(request);
  const { mediaId, key } = parseFilePath(url.pathname);
  const file = fileOf(context.library, mediaId, key);
  const about = { host: 'cdn', endpoint: 'file', mediaId } as const;
  const entry = context.log.start(request, { ...about, path: url.pathname, query: '', file: file && namesOf(file) });
  const range = rangeOf(request.headers.range, file?.sizeBytes ?? 0);
  const struck: StruckRequest = { ...about, method: entry.method, file, page: undefined, range };
  const verdict = context.signer.check(entry.method, url);
  const makeReply = (): Promise<Reply> => cdnReply(request, fileOf(context.library, mediaId, key), verdict);
  await strikeAndSend(context, { request, response, entry, struck, makeReply, pageBefore: () => [] });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: LoggedRequest;
  readonly struck: StruckRequest;
  readonly makeReply: () => Reply | Promise<Reply>;
  readonly pageBefore: () => ReturnType<typeof mediaOf>;
}

async function strikeAndSend(context: CloudContext, exchange: Exchange): Promise<void> {
  const { request, response, entry, struck } = exchange;
  request.resume();
  let complete = false;
  try {
    const striking = context.faults.strike(struck);
    entry.faults = striking.map(faultName);
    for (const fault of striking) disturbLibrary(fault.action, struck, context.library);
    const scene = {
      struck: { ...struck, file: fileOf(context.library, struck.mediaId, struck.file?.key) },
      target: request.url ?? '/',
      otherOrigin: otherOrigin(request, context.origins[struck.host]),
      pageBefore: exchange.pageBefore,
    };
    let reply = await exchange.makeReply();
    for (const fault of striking) reply = faultyReply(reply, fault.action, scene);
    complete = await sendReply(response, reply, entry);
  } finally {
    context.log.finish(entry, { complete });
  }
}

function urlOf(request: IncomingMessage): URL {
  return new URL(`http://cloud${request.url ?? '/'}`);
}

function fileOf(library: SimLibrary, mediaId: string | undefined, key: string | undefined): SimFile | undefined {
  if (mediaId === undefined || key === undefined) return undefined;
  return library.get(mediaId)?.files.find((file) => file.key === key);
}

function namesOf(file: SimFile): NonNullable<LoggedRequest['file']> {
  const { key, label, itemNumber } = file;
  return { key, ...(label === undefined ? {} : { label }), ...(itemNumber === undefined ? {} : { itemNumber }) };
}

/**
 * Returns the address of this server under the name `localhost`. Returns undefined if the client
 * already uses that name, so that a redirect does not loop.
 */
function otherOrigin(request: IncomingMessage, origin: string): string | undefined {
  return request.headers.host?.startsWith('localhost') === true ? undefined : origin.replace('127.0.0.1', 'localhost');
}
