import { z } from 'zod';
import { asSyncError, SyncError } from '../../errors.ts';
import { noFailure, type ValidateReply } from '../contract.ts';
import { failureOfError } from '../failure.ts';
import { abortAfter } from '../platform/abort-after.ts';
import { executionSchema, handle } from '../platform/handle.ts';
import type { Invocation, OpenSource } from '../platform/invocation.ts';

const dayMs = 24 * 3_600_000;
/** Kept back of an invocation's time for telling that the provider did not answer in it. In ms. */
const answeringMs = 2_000;

/** Lambda: whether the provider takes the credentials, found out with one request. */
export const handler = handle({
  name: 'token-validator',
  request: z.object({ provider: z.literal('gopro'), execution: executionSchema }),
  run: validateTokens,
  failed: (error): ValidateReply => ({ ...noAnswer, outcome: 'failed', error: failureOfError(error) }),
});

const noAnswer = {
  statusCode: 500,
  valid: false,
  cookie_age_days: null,
  validation_method: 'none',
  duration_seconds: 0,
} as const;

/** Errors: CREDENTIALS_MISSING for a secret that is missing or malformed, and what the provider answers but for a refusal. */
export async function validateTokens(
  { provider }: { readonly provider: 'gopro' },
  invocation: Invocation,
): Promise<ValidateReply> {
  const { clock, metrics } = invocation;
  const startedAtMs = clock.elapsed();
  const opened = await invocation.openSource(provider);
  const ageDays = ageOf(opened, clock.now());
  if (ageDays !== null) metrics.add('CookieAge', ageDays);
  const answer = (): Omit<ValidateReply, 'outcome' | 'statusCode' | 'valid' | 'error'> => ({
    cookie_age_days: ageDays,
    validation_method: 'api_probe',
    duration_seconds: Math.round(clock.elapsed() - startedAtMs) / 1000,
  });
  try {
    await opened.source.validate(abortAfter(invocation.remainingMs() - answeringMs, unanswered()));
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code !== 'CREDENTIALS_EXPIRED') throw thrown;
    metrics.add('AuthenticationFailure', 1);
    return { ...answer(), outcome: 'credentials-expired', statusCode: 401, valid: false, error: failureOfError(error) };
  }
  metrics.add('AuthenticationSuccess', 1);
  return { ...answer(), outcome: 'valid', statusCode: 200, valid: true, error: noFailure };
}

function unanswered(): SyncError {
  return new SyncError('PROVIDER_DOWN', 'GoPro did not answer in time whether it takes the credentials', {
    hint: 'Check whether gopro.com works in a browser. The next run tries again.',
  });
}

/** To a tenth of a day. */
function ageOf({ credentialsSince }: OpenSource, nowMs: number): number | null {
  const sinceMs = credentialsSince === null ? NaN : Date.parse(credentialsSince);
  return Number.isNaN(sinceMs) ? null : Math.round(((nowMs - sinceMs) / dayMs) * 10) / 10;
}
