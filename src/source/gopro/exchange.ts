import type { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { connectionHint, type HttpClient, type Proxies, type Reply } from '../../lib/http/index.ts';
import { isExcessive } from '../../lib/json.ts';
import { replyTimeMs } from '../../lib/reply-date.ts';
import { backoffMs, retryAfterMs } from '../../lib/retry.ts';
import type { AuthMode } from './credentials.ts';
import { describeNetworkError, describeShape } from './describe.ts';
import type { Pacer } from './pacer.ts';

/** A GET request to the API, and the schema for its reply. */
export interface Question<T> {
  /** The path and query after the API's address. It begins with a slash. */
  readonly path: string;
  readonly schema: z.ZodType<T>;
}

export type Answer<T> = { readonly kind: 'ok'; readonly value: T } | ApiFailure;

/** Why a request failed. `detail` completes the sentence `<host>: …` and contains no secret. */
export interface ApiFailure {
  /**
   * `refused`: the credentials may be the cause. `gone`: the resource does not exist. `rejected`:
   * the request is wrong. `changed`: the API has changed. `misshapen`: the request succeeded, but
   * the JSON is not as expected. `busy`: the same request may succeed later. `unreachable`: no
   * complete reply came.
   */
  readonly kind: 'refused' | 'gone' | 'rejected' | 'changed' | 'misshapen' | 'busy' | 'unreachable';
  readonly detail: string;
  /** The status of the reply. Absent if there was no reply. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** What every API request needs. */
export interface Exchange {
  readonly apiUrl: URL;
  readonly http: HttpClient;
  /** The proxies that `http` uses. */
  readonly proxies: Proxies | undefined;
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly stallMs: number;
  readonly headers: (mode: AuthMode) => Readonly<Record<string, string>>;
  readonly onRequest: () => void;
  readonly onWarning: (message: string, hint?: string) => void;
  /** True once this computer's clock was compared with the clock of the API. */
  isClockCompared: boolean;
}

const maxAttempts = 5;
const backoff = { firstMs: 500, maxMs: 30_000 };
const clockToleranceMs = 10 * 60_000;

/** A whole reply must arrive within this many times the stall timeout. */
const maxStalls = 10;

/** A reply may be large: for a set of 3,000 frames it has several MB of URLs. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * Sends a request and repeats it until the answer is final. It tries at most 5 times if the answer
 * is `busy` or `unreachable`, and twice if the answer is `misshapen`. Rejects only with the
 * signal's reason.
 */
export async function send<T>(
  exchange: Exchange,
  question: Question<T>,
  mode: AuthMode,
  signal?: AbortSignal,
): Promise<Answer<T>> {
  let misshapen = 0;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask(exchange, question, mode, signal);
    if (answer.kind === 'ok') return answer;
    if (answer.kind === 'misshapen') misshapen += 1;
    const mayPass = answer.kind === 'misshapen' ? misshapen === 1 : answer.kind === 'busy' || answer.kind === 'unreachable';
    if (!mayPass || attempt + 1 === maxAttempts) return answer;
    await wait(exchange, answer, attempt, signal);
  }
}

/** What to do if the connection or a proxy may be the cause of a failure. Otherwise undefined. */
export function hintOfConnection({ apiUrl, proxies }: Exchange, { kind, status = 0, cause }: ApiFailure): string | undefined {
  // A proxy answers 502, 503 or 504 if it cannot reach the API.
  const ofProxy = kind === 'unreachable' || (status >= 502 && status <= 504);
  return ofProxy ? connectionHint(cause, apiUrl, proxies) : undefined;
}

/**
 * Waits before the next attempt. If the host asks for a pause, all calls wait. Otherwise only this
 * call waits.
 */
async function wait({ pacer, clock }: Exchange, failure: ApiFailure, attempt: number, signal?: AbortSignal): Promise<void> {
  if (failure.retryAfterMs) pacer.pause(failure.retryAfterMs);
  else await clock.sleep(backoffMs(attempt, backoff), signal);
}

async function ask<T>(exchange: Exchange, question: Question<T>, mode: AuthMode, signal?: AbortSignal): Promise<Answer<T>> {
  await exchange.pacer.turn(signal);
  exchange.onRequest();
  const received = await receive(exchange, question.path, mode, signal);
  if (received instanceof Error) {
    signal?.throwIfAborted();
    return { kind: 'unreachable', detail: describeNetworkError(received), cause: received };
  }
  const { reply, text } = received;
  compareClocks(exchange, reply.headers['date']);
  return reply.status === 200 ? readAnswer(text, reply.headers, question.schema) : classify(reply, exchange.clock.now());
}

/**
 * Returns the reply, with its text if the request succeeded and the text is not too large. Throws
 * the network's error.
 */
async function receive(
  { apiUrl, http, headers, stallMs }: Exchange,
  path: string,
  mode: AuthMode,
  signal?: AbortSignal,
): Promise<{ reply: Reply; text: string | undefined } | Error> {
  // Credentials are sent only to URLs that begin with the API's address.
  const base = apiUrl.origin + apiUrl.pathname.replace(/\/+$/, '');
  const ending = new AbortController();
  const tooSlow = new Error(`its reply was not complete after ${(maxStalls * stallMs) / 1000} s`);
  const timer = setTimeout(() => ending.abort(tooSlow), maxStalls * stallMs);
  // `AbortSignal.any` would cost each request a tenth of its CPU time.
  const end = () => ending.abort(signal?.reason);
  signal?.addEventListener('abort', end, { once: true });
  try {
    signal?.throwIfAborted();
    const reply = await http.request(new URL(base + path), { headers: headers(mode), stallMs, signal: ending.signal });
    if (reply.status === 200) return { reply, text: await readText(reply) };
    reply.body.discard();
    return { reply, text: undefined };
  } catch (error) {
    if (ending.signal.reason === tooSlow) return tooSlow;
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

function compareClocks(exchange: Exchange, date: string | undefined): void {
  if (exchange.isClockCompared) return;
  const replyMs = replyTimeMs(date);
  if (replyMs === null) return;
  const aheadMs = exchange.clock.now() - replyMs;
  exchange.isClockCompared = true;
  if (Math.abs(aheadMs) <= clockToleranceMs) return;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `The clock of this computer is ${minutes} minutes ${direction} that of ${exchange.apiUrl.host}`;
  exchange.onWarning(message, 'Set the clock: signed addresses and certificates depend on it.');
}

/** Reads the text of a body. Returns undefined if the body is too large. */
async function readText({ body }: Reply): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const tooLarge = new Error('the reply is too large');
  try {
    await body.pump((chunk) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBodyBytes) throw tooLarge;
      chunks.push(chunk);
      return undefined;
    });
  } catch (error) {
    if (error === tooLarge) return undefined;
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer<T>(text: string | undefined, headers: Reply['headers'], schema: z.ZodType<T>): Answer<T> {
  if (text === undefined) return { kind: 'misshapen', detail: `its reply is larger than ${maxBodyBytes / 1024 ** 2} MiB` };
  if (isExcessive(text)) return { kind: 'misshapen', detail: 'its reply has too many values, or values nested too deeply' };
  const json = parseJson(text);
  if (json === undefined) {
    const type = headers['content-type']?.split(';')[0] ?? 'of no stated type';
    return { kind: 'misshapen', detail: `its reply is not JSON (${type}, ${text.length} characters)` };
  }
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  const where = parsed.error.issues[0]?.path.join('.') || 'the top';
  return { kind: 'misshapen', detail: `its reply has an unknown shape at ${where}: ${describeShape(json.value)}` };
}

/**
 * Returns undefined for invalid JSON. It throws no error, because the message would quote the text.
 */
function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/**
 * What a status other than 200 means. GoPro documents no statuses, so the meanings were observed.
 */
function classify({ status, headers }: Reply, nowMs: number): ApiFailure {
  const failure = { status, detail: `status ${status}` };
  if (status >= 300 && status < 400) return { status, ...classifyRedirect(status, headers['location']) };
  if (status === 401 || status === 403) {
    const page = headers['content-type']?.startsWith('text/html') ? ' with a web page' : '';
    return { ...failure, kind: 'refused', detail: failure.detail + page };
  }
  if (status === 404 || status === 410) return { ...failure, kind: 'gone' };
  if (status === 406) return { ...failure, kind: 'changed' };
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = retryAfterMs(headers, nowMs);
    return { ...failure, kind: 'busy', ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
  }
  return { ...failure, kind: status < 300 ? 'misshapen' : 'rejected' };
}

/**
 * Classifies a redirect by its target: a sign-in page, or another address. No redirect is followed.
 */
function classifyRedirect(status: number, location: string | undefined): ApiFailure {
  const target = URL.parse(location ?? '', 'https://same-host.invalid');
  const signIn = target !== null && /log-?in|sign-?in|auth/i.test(target.host + target.pathname);
  if (signIn) return { kind: 'refused', detail: `status ${status}, a redirect to a sign-in page` };
  return { kind: 'changed', detail: `status ${status}, a redirect` };
}
