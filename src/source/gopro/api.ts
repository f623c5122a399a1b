import { SyncError } from '../../errors.ts';
import { hintOfConnection, send, type ApiFailure, type Exchange, type Question } from './exchange.ts';
import { assertUsable, changedHint, confirm, mayMeanCredentials, type Session } from './session.ts';

/**
 * An API call. `subject` is in the message of a failure, and `scope` decides what a failure means.
 */
export interface ApiCall<T> extends Question<T> {
  /** For example `medium abc` or `page 3 of the listing`. */
  readonly subject: string;
  /** A failed `listing` call ends the run. A failed `medium` call fails only that medium. */
  readonly scope: 'listing' | 'medium';
}

/**
 * Returns the value of a valid answer. Throws CREDENTIALS_EXPIRED (confirmed by a probe),
 * PROVIDER_DOWN or PROVIDER_CHANGED. A call for one medium may also throw SOURCE_GONE, or
 * API_REFUSED if the API answers a probe but not this call.
 */
export async function callApi<T>(session: Session, call: ApiCall<T>, signal?: AbortSignal): Promise<T> {
  const { exchange } = session;
  assertUsable(session);
  let mode = session.mode;
  let answer = await send(exchange, call, mode, signal);
  if (answer.kind !== 'ok' && isDoubtful(answer, call.scope)) {
    await confirm(session, signal);
    // The probe has shown that the credentials are good. So the call is repeated if it was refused
    // or was sent in the wrong mode.
    if (answer.kind === 'refused' || session.mode !== mode) {
      mode = session.mode;
      answer = await send(exchange, call, mode, signal);
    }
  }
  if (answer.kind === 'ok') return answer.value;
  throw toError(exchange, call, answer);
}

/**
 * Whether a probe is needed to find the cause. The cause may be the credentials, the whole API, or
 * this medium.
 */
function isDoubtful(failure: ApiFailure, scope: 'listing' | 'medium'): boolean {
  const { kind } = failure;
  return mayMeanCredentials(failure) || (scope === 'medium' && (kind === 'busy' || kind === 'unreachable'));
}

function toError(exchange: Exchange, call: ApiCall<unknown>, failure: ApiFailure): SyncError {
  const { kind, detail, cause } = failure;
  const message = `${exchange.apiUrl.host} on ${call.subject}: ${detail}`;
  const details = { cause, ...(failure.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }) };
  if (kind === 'changed') return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
  if (call.scope === 'medium') return new SyncError(kind === 'gone' ? 'SOURCE_GONE' : 'API_REFUSED', message, details);
  if (kind === 'gone' || kind === 'rejected' || kind === 'misshapen') {
    return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
  }
  return new SyncError('PROVIDER_DOWN', message, { ...details, hint: hintOfConnection(exchange, failure) ?? 'Try again later.' });
}
