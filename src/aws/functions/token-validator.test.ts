import { expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createHttpClient } from '../../lib/http/index.ts';
import { startGoproCloud, type GoproCloud } from '../../sim/gopro/index.ts';
import { createLibrary } from '../../sim/gopro/library/library.ts';
import { createGoproSource } from '../../source/gopro/index.ts';
import type { Invocation } from '../platform/invocation.ts';
import { validateTokens } from './token-validator.ts';

const dayMs = 24 * 3_600_000;

/** An invocation as far as a validation needs one, on a cloud that is really asked. */
async function openScene(options: { readonly token?: string; readonly ageDays?: number } = {}) {
  const cloud: GoproCloud = await startGoproCloud({ library: createLibrary() });
  const http = createHttpClient({ connections: 1 });
  const metrics: Record<string, number> = {};
  const credentials = { accessToken: options.token ?? cloud.accessToken, userId: cloud.userId };
  const source = createGoproSource({ apiUrl: cloud.apiUrl, credentials, stallMs: 2_000, http, clock: systemClock });
  const credentialsSince = options.ageDays === undefined ? null : new Date(Date.now() - options.ageDays * dayMs).toISOString();
  const invocation = {
    clock: systemClock,
    metrics: { add: (name: string, value: number) => void (metrics[name] = value) },
    remainingMs: () => 30_000,
    openSource: async () => ({ source, credentialsSince, apiRequests: () => 0 }),
  } as unknown as Invocation;
  const dispose = async () => {
    await Promise.all([http.close(), cloud.close()]);
  };
  return { cloud, invocation, metrics, [Symbol.asyncDispose]: dispose };
}

test('credentials that work are valid, and their age is told', async () => {
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

test('refused credentials are a reply, not an error', async () => {
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

test('an age that nobody knows is null', async () => {
  await using scene = await openScene();
  expect(await validateTokens({ provider: 'gopro' }, scene.invocation)).toMatchObject({ valid: true, cookie_age_days: null });
  expect(scene.metrics).toEqual({ AuthenticationSuccess: 1 });
});

test('a provider that cannot be reached is another matter than refused credentials', async () => {
  await using scene = await openScene();
  await scene.cloud.close();
  const quick = { ...scene.invocation, remainingMs: () => 2_300 };
  await expect(validateTokens({ provider: 'gopro' }, quick)).rejects.toMatchObject({ code: 'PROVIDER_DOWN' });
  expect(scene.metrics).toEqual({});
});
