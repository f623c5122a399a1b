import { SyncError } from '../../errors.ts';
import type { Exchange, Failure, Question } from './exchange.ts';
import { changedHint, mayMeanCredentials, type Session } from './session.ts';

/** A question with what it is about, for messages and for what its failure means. */
export interface ApiCall<T> extends Question<T> {
  /** Such as `medium abc` or `page 3 of the listing`. */
  readonly subject: string;
  /** A listing that fails ends the run; a medium that fails is one medium. */
  readonly scope: 'listing' | 'medium';
}

export interface Api {
  /**
   * The value of a valid answer. Throws CREDENTIALS_EXPIRED (confirmed by a probe), PROVIDER_DOWN or PROVIDER_CHANGED; in the scope of a medium
   * also SOURCE_GONE, and API_REFUSED when the API answers a probe but not this call.
   */
  call<T>(call: ApiCall<T>, signal?: AbortSignal): Promise<T>;
}

export function createApi(exchange: Exchange, session: Session): Api {
  return {
    async call(call, signal) {
      session.assertUsable();
      let mode = session.mode;
      let answer = await exchange.send(call, mode, signal);
      if (answer.kind !== 'ok' && isDoubtful(answer, call.scope)) {
        await session.confirm(signal);
        // Credentials that are good were refused by chance, or sent in the wrong way.
        if (answer.kind === 'refused' || session.mode !== mode) {
          mode = session.mode;
          answer = await exchange.send(call, mode, signal);
        }
      }
      if (answer.kind === 'ok') return answer.value;
      throw failed(exchange.host, call, answer);
    },
  };
}

/** Whether a probe can tell more: if it is the credentials, or if the API as a whole is down or only this medium. */
function isDoubtful(failure: Failure, scope: 'listing' | 'medium'): boolean {
  const { kind } = failure;
  return mayMeanCredentials(failure) || (scope === 'medium' && (kind === 'busy' || kind === 'unreachable'));
}

function failed(host: string, call: ApiCall<unknown>, failure: Failure): SyncError {
  const { kind, detail, cause } = failure;
  const message = `${host} on ${call.subject}: ${detail}`;
  const details = { cause, ...(failure.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }) };
  if (kind === 'changed') return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
  if (call.scope === 'medium') return new SyncError(kind === 'gone' ? 'SOURCE_GONE' : 'API_REFUSED', message, details);
  if (kind === 'gone' || kind === 'rejected' || kind === 'misshapen') {
    return new SyncError('PROVIDER_CHANGED', message, { hint: changedHint });
  }
  return new SyncError('PROVIDER_DOWN', message, { ...details, hint: 'Try again later.' });
}
