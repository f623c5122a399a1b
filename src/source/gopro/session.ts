import { SyncError } from '../../errors.ts';
import { renewHint, type AuthMode } from './credentials.ts';
import type { Answer, Exchange, Failure, Question } from './exchange.ts';
import { anyObject, listingReply } from './schema.ts';

/** What is known about the credentials: how they have to be sent, and whether they are still good. */
export interface Session {
  /** The way that works, or is tried first as long as none has been proven. */
  readonly mode: AuthMode;
  /** Tries both ways, if need be. Throws CREDENTIALS_EXPIRED, PROVIDER_DOWN or PROVIDER_CHANGED. */
  validate(signal?: AbortSignal): Promise<void>;
  /**
   * Asks whether the credentials are still good, after a reply that put them in doubt. Callers at the same time share one probe.
   * Throws as `validate`.
   */
  confirm(signal?: AbortSignal): Promise<void>;
  /** Throws the CREDENTIALS_EXPIRED of an earlier confirmation, so that a refused token is not sent again and again. */
  assertUsable(): void;
}

/** What to do about an API that is no longer understood. */
export const changedHint = 'Look for a newer version of Cloud Sync. Nothing that is archived is affected.';

const unreachableHint = 'Check the network, and whether gopro.com works in a browser.';
const busyHint =
  'Try again later. If it stays, renew the credentials with `cloud-sync login gopro`: GoPro answers 500 to some bad ones.';

/** The storage record of the account: small, and useless without valid credentials. */
const accountProbe: Question<unknown> = { path: '/media/user', schema: anyObject };
/** In case that endpoint is given up one day. */
const searchProbe: Question<unknown> = { path: '/media/search?page=1&per_page=1&fields=id', schema: listingReply };

export function createSession(exchange: Exchange, rememberedMode?: AuthMode): Session {
  let mode: AuthMode = rememberedMode ?? 'cookies';
  let proven = false;
  let probe = accountProbe;
  let refusal: SyncError | undefined;
  let confirming: Promise<void> | undefined;

  async function check(candidate: AuthMode, signal?: AbortSignal): Promise<Answer<unknown>> {
    const answer = await exchange.send(probe, candidate, signal);
    if (answer.kind !== 'gone' || probe === searchProbe) return answer;
    probe = searchProbe;
    return exchange.send(probe, candidate, signal);
  }

  function refused({ detail }: Failure): SyncError {
    refusal = new SyncError('CREDENTIALS_EXPIRED', `${exchange.host} refuses the credentials: ${detail}`, { hint: renewHint });
    return refusal;
  }

  function accept(candidate: AuthMode): void {
    mode = candidate;
    proven = true;
  }

  async function tryBoth(signal?: AbortSignal): Promise<void> {
    const first = await check(mode, signal);
    if (first.kind === 'ok') return accept(mode);
    if (!mayMeanCredentials(first)) throw unusable(exchange.host, first);
    const other = mode === 'cookies' ? 'bearer' : 'cookies';
    const second = await check(other, signal);
    if (second.kind === 'ok') return accept(other);
    if (first.kind === 'refused') throw refused(first);
    // The other way being refused means nothing where only the remembered one is known to be accepted.
    if (second.kind === 'refused' && rememberedMode === undefined) throw refused(second);
    throw unusable(exchange.host, first);
  }

  async function probeOnce(signal?: AbortSignal): Promise<void> {
    if (!proven) return tryBoth(signal);
    const answer = await check(mode, signal);
    if (answer.kind === 'refused') throw refused(answer);
    if (answer.kind !== 'ok') throw unusable(exchange.host, answer);
  }

  function assertUsable(): void {
    if (refusal) throw refusal;
  }

  async function confirm(signal?: AbortSignal): Promise<void> {
    assertUsable();
    if (confirming === undefined) {
      confirming = probeOnce(signal).finally(() => (confirming = undefined));
      return confirming;
    }
    const outcome = await settled(confirming);
    signal?.throwIfAborted();
    if (outcome === undefined) return;
    if (outcome instanceof SyncError && outcome.code !== 'INTERRUPTED') throw outcome;
    // That another caller was aborted says nothing about the credentials.
    return confirm(signal);
  }

  return {
    get mode() {
      return mode;
    },
    async validate(signal) {
      refusal = undefined;
      await tryBoth(signal);
    },
    confirm,
    assertUsable,
  };
}

/** Whether a failure may lie in the credentials or in the way they are sent: a bad token has been seen to make the API answer 500. */
export function mayMeanCredentials({ kind, status }: Failure): boolean {
  return kind === 'refused' || status === 500;
}

/** Why a promise was rejected, undefined when it was not. */
async function settled(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The error for a probe that failed, although not because of the credentials. */
function unusable(host: string, failure: Failure): SyncError {
  const { kind, detail, cause, retryAfterMs } = failure;
  const message = `${host}: ${detail}`;
  const details = { cause, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (kind === 'unreachable') return new SyncError('PROVIDER_DOWN', message, { ...details, hint: unreachableHint });
  if (kind === 'busy') return new SyncError('PROVIDER_DOWN', message, { ...details, hint: busyHint });
  return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
}
