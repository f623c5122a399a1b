import { SyncError, type Hint } from '../../errors.ts';
import { renewHint, type AuthMode } from './credentials.ts';
import { hintOfConnection, send, type Answer, type ApiFailure, type Exchange, type Question } from './exchange.ts';
import { anyObject, listingReply } from './schema.ts';

/**
 * What is known about the credentials: the mode in which they are sent, and whether the API refused
 * them.
 */
export interface Session {
  readonly exchange: Exchange;
  /** The mode that worked in an earlier run. */
  readonly rememberedMode: AuthMode | undefined;
  /** The mode to use. Until a mode has worked, it is the mode to try first. */
  mode: AuthMode;
  isProven: boolean;
  probe: Question<unknown>;
  /** The CREDENTIALS_EXPIRED error, if an earlier check failed with it. */
  refusal: SyncError | undefined;
  confirming: Promise<void> | undefined;
}

/** The hint for an API that the program no longer understands. */
export const changedHint = 'Look for a newer version of Cloud Sync. Nothing that is archived is affected.';

const unreachableHint = 'Check the network, and whether gopro.com works in a browser.';
const busyHint: Hint = {
  text: 'Try again later. If the error stays, renew the credentials with {command}: GoPro answers 500 to some bad tokens.',
  command: 'login gopro',
};

/** Asks for the account's storage record. The reply is small, and needs valid credentials. */
const accountProbe: Question<unknown> = { path: '/media/user', schema: anyObject };
/** The probe that is used if `/media/user` no longer exists. */
const searchProbe: Question<unknown> = { path: '/media/search?page=1&per_page=1&fields=id', schema: listingReply };

export function createSession(exchange: Exchange, rememberedMode?: AuthMode): Session {
  return {
    exchange,
    rememberedMode,
    mode: rememberedMode ?? 'cookies',
    isProven: false,
    probe: accountProbe,
    refusal: undefined,
    confirming: undefined,
  };
}

/**
 * Checks the credentials, in both modes if necessary. Throws CREDENTIALS_EXPIRED, PROVIDER_DOWN or
 * PROVIDER_CHANGED.
 */
export async function validate(session: Session, signal?: AbortSignal): Promise<void> {
  session.refusal = undefined;
  await tryBothModes(session, signal);
}

/**
 * Checks the credentials again, after a reply that made them doubtful. Calls at the same time share
 * one probe. Errors: those of `validate`.
 */
export async function confirm(session: Session, signal?: AbortSignal): Promise<void> {
  assertUsable(session);
  if (session.confirming === undefined) {
    session.confirming = probeOnce(session, signal).finally(() => (session.confirming = undefined));
    return session.confirming;
  }
  const reason = await rejectionOf(session.confirming);
  signal?.throwIfAborted();
  if (reason === undefined) return;
  if (reason instanceof SyncError && reason.code !== 'INTERRUPTED') throw reason;
  // The caller that began the probe was aborted. This abort says nothing about the credentials.
  return confirm(session, signal);
}

/**
 * Throws the CREDENTIALS_EXPIRED error of an earlier check, so that a refused token is not sent
 * again.
 */
export function assertUsable({ refusal }: Session): void {
  if (refusal) throw refusal;
}

async function probeOnce(session: Session, signal?: AbortSignal): Promise<void> {
  if (!session.isProven) return tryBothModes(session, signal);
  const answer = await check(session, session.mode, signal);
  if (answer.kind === 'refused') throw refused(session, answer);
  if (answer.kind !== 'ok') throw unusable(session.exchange, answer);
}

async function tryBothModes(session: Session, signal?: AbortSignal): Promise<void> {
  const { exchange, mode, rememberedMode } = session;
  const first = await check(session, mode, signal);
  if (first.kind === 'ok') return accept(session, mode);
  if (!mayMeanCredentials(first)) throw unusable(exchange, first);
  const other = mode === 'cookies' ? 'bearer' : 'cookies';
  const second = await check(session, other, signal);
  if (second.kind === 'ok') return accept(session, other);
  if (first.kind === 'refused') throw refused(session, first);
  // If the first mode worked in an earlier run, a refusal in the other mode does not mean that the
  // credentials are bad.
  if (second.kind === 'refused' && rememberedMode === undefined) throw refused(session, second);
  throw unusable(exchange, first);
}

async function check(session: Session, mode: AuthMode, signal?: AbortSignal): Promise<Answer<unknown>> {
  const answer = await send(session.exchange, session.probe, mode, signal);
  if (answer.kind !== 'gone' || session.probe === searchProbe) return answer;
  session.probe = searchProbe;
  return send(session.exchange, session.probe, mode, signal);
}

function accept(session: Session, mode: AuthMode): void {
  session.mode = mode;
  session.isProven = true;
}

function refused(session: Session, { detail }: ApiFailure): SyncError {
  const { host } = session.exchange.apiUrl;
  session.refusal = new SyncError('CREDENTIALS_EXPIRED', `${host} refuses the credentials: ${detail}`, { hint: renewHint });
  return session.refusal;
}

/**
 * Whether the credentials or the mode may be the cause of a failure. They may be the cause of a
 * 500, because the API has answered 500 to a bad token.
 */
export function mayMeanCredentials({ kind, status }: ApiFailure): boolean {
  return kind === 'refused' || status === 500;
}

/** The reason why a promise was rejected. Undefined if it was not rejected. */
async function rejectionOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The error for a probe that failed although the credentials are not the cause. */
function unusable(exchange: Exchange, failure: ApiFailure): SyncError {
  const { kind, detail, cause, retryAfterMs } = failure;
  const message = `${exchange.apiUrl.host}: ${detail}`;
  const hint = hintOfConnection(exchange, failure);
  const details = { cause, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (kind === 'unreachable') return new SyncError('PROVIDER_DOWN', message, { ...details, hint: hint ?? unreachableHint });
  if (kind === 'busy') return new SyncError('PROVIDER_DOWN', message, { ...details, hint: hint ?? busyHint });
  return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
}
