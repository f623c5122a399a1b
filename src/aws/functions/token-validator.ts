import { asSyncError, SyncError } from '../../errors.ts';
import { ageMs } from '../../lib/clock.ts';
import { messages, replyOf, type ReplyOf, type RequestOf } from '../contract.ts';
import { abortAfter } from '../platform/abort-after.ts';
import { handle } from '../platform/handle.ts';
import type { Invocation, OpenSource } from '../platform/invocation.ts';
import { stateErrorOf } from '../state-error.ts';

const dayMs = 24 * 3_600_000;
/** The time in ms that an invocation reserves for its reply when the provider does not answer. */
const answeringMs = 2_000;

/** The Lambda handler. It sends the provider one request to check the credentials. */
export const handler = handle({
  name: 'token-validator',
  request: messages.ValidateTokens.request,
  run: validateTokens,
  failed: (error) => replyOf(messages.ValidateTokens, { outcome: 'failed', error }),
});

/**
 * Validates the credentials. If the provider refuses the credentials, the reply says so, and no
 * error is thrown. Errors: CREDENTIALS_MISSING for a missing or malformed secret; all errors of the
 * provider except a refusal.
 */
export async function validateTokens(
  { provider }: Pick<RequestOf<'ValidateTokens'>, 'provider'>,
  invocation: Invocation,
): Promise<ReplyOf<'ValidateTokens'>> {
  const { clock, environment, metrics } = invocation;
  const startedAtMs = clock.elapsed();
  const opened = await invocation.openSource(provider);
  const ageDays = ageOf(opened, clock.now());
  if (ageDays !== null) metrics.add('CookieAge', ageDays);
  const answer = () => ({
    cookie_age_days: ageDays,
    validation_method: 'api_probe' as const,
    duration_seconds: Math.round(clock.elapsed() - startedAtMs) / 1000,
  });
  try {
    await opened.source.validate(abortAfter(invocation.remainingMs() - answeringMs, noAnswer()));
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code !== 'CREDENTIALS_EXPIRED') throw thrown;
    metrics.add('AuthenticationFailure', 1);
    const refusal = { statusCode: 401, error: stateErrorOf(error, environment) };
    return replyOf(messages.ValidateTokens, { ...answer(), ...refusal, outcome: 'credentials-expired' });
  }
  metrics.add('AuthenticationSuccess', 1);
  return replyOf(messages.ValidateTokens, { ...answer(), outcome: 'valid', statusCode: 200, valid: true });
}

function noAnswer(): SyncError {
  return new SyncError('PROVIDER_DOWN', 'GoPro did not confirm the credentials in time', {
    hint: 'Check whether gopro.com works in a browser. The next run tries again.',
  });
}

/** Returns the age of the credentials in days, rounded to a tenth, or null if unknown. */
function ageOf({ credentialsSince }: OpenSource, nowMs: number): number | null {
  const age = ageMs(credentialsSince, nowMs);
  return age === undefined ? null : Math.round((age / dayMs) * 10) / 10;
}
