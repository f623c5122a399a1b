import { expect, test } from 'vitest';
import { openQuietInvocation } from '../../../test/aws/support/invocation.ts';
import { systemClock } from '../../lib/clock.ts';
import { createHttpClient } from '../../lib/http/index.ts';
import { startGoproCloud } from '../../sim/gopro/index.ts';
import { createLibrary } from '../../sim/gopro/library/library.ts';
import { createGoproSource } from '../../source/gopro/index.ts';
import type { MetricName } from '../platform/metrics.ts';
import { validateTokens } from './token-validator.ts';

const dayMs = 24 * 3_600_000;

const execution = { arn: 'arn:aws:states:eu-west-1:1:execution:m:night-1', name: 'night-1', started_at: '2026-11-21T04:15:00Z' };

/** Creates an invocation whose source sends its requests to a simulated cloud. */
async function openScene(options: { readonly token?: string; readonly ageDays?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const cloud = stack.use(await startGoproCloud({ library: createLibrary() }));
  const http = createHttpClient({ connections: 1 });
  stack.defer(() => http.close());
  const metrics: Record<string, number> = {};
  const add = (name: MetricName, value: number) => void (metrics[name] = value);
  const credentials = { accessToken: options.token ?? cloud.accessToken, userId: cloud.userId };
  const source = createGoproSource({ apiUrl: cloud.apiUrl, credentials, stallMs: 2_000, http, clock: systemClock });
  const credentialsSince = options.ageDays === undefined ? null : new Date(Date.now() - options.ageDays * dayMs).toISOString();
  const opened = stack.use(openQuietInvocation({ execution, metrics: { add } }));
  const invocation = {
    ...opened,
    openSource: async () => ({ source, credentialsSince, apiRequests: () => 0, rememberMode: async () => {} }),
  };
  const kept = stack.move();
  return { cloud, invocation, metrics, [Symbol.asyncDispose]: async () => kept.disposeAsync() };
}

test('credentials that the provider accepts are valid, and the reply has their age', async () => {
  await using scene = await openScene({ ageDays: 2.5 });
  expect(await validateTokens({ provider: 'gopro' }, scene.invocation)).toEqual({
    outcome: 'valid',
    statusCode: 200,
    valid: true,
    cookie_age_days: 2.5,
    validation_method: 'api_probe',
    duration_seconds: expect.any(Number),
    error: { Error: '', Cause: '' },
  });
  expect(scene.metrics).toEqual({ AuthenticationSuccess: 1, CookieAge: 2.5 });
});

test('refused credentials give a reply and not an error', async () => {
  await using scene = await openScene({ ageDays: 9 });
  scene.cloud.expireToken();
  const reply = await validateTokens({ provider: 'gopro' }, scene.invocation);
  expect(reply).toMatchObject({
    outcome: 'credentials-expired',
    statusCode: 401,
    valid: false,
    cookie_age_days: 9,
    error: { Error: 'CREDENTIALS_EXPIRED' },
  });
  expect(JSON.stringify(reply)).not.toContain(scene.cloud.accessToken);
  expect(scene.metrics).toEqual({ AuthenticationFailure: 1, CookieAge: 9 });
});

test('the age of the credentials is null if the time when they were written is unknown', async () => {
  await using scene = await openScene();
  expect(await validateTokens({ provider: 'gopro' }, scene.invocation)).toMatchObject({ valid: true, cookie_age_days: null });
  expect(scene.metrics).toEqual({ AuthenticationSuccess: 1 });
});

test('a provider that cannot be reached gives an error and not a reply about the credentials', async () => {
  await using scene = await openScene();
  await scene.cloud.close();
  const quick = { ...scene.invocation, remainingMs: () => 2_300 };
  await expect(validateTokens({ provider: 'gopro' }, quick)).rejects.toMatchObject({ code: 'PROVIDER_DOWN' });
  expect(scene.metrics).toEqual({});
});
