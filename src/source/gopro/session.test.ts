import { expect, test, vi } from 'vitest';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { collect } from '../../../test/support/collect.ts';
import {
  hastyClock,
  listingPage,
  startTestApi,
  token,
  type Respond,
  type TestRequest,
} from '../../../test/support/scripted-gopro-api.ts';

const modeOf = ({ headers }: TestRequest) => (headers.authorization === undefined ? 'cookies' : 'bearer');

/**
 * An API that accepts the credentials only in these modes. In other modes it answers with `status`.
 */
function accepting(modes: readonly string[], status = 401): Respond {
  return (request) => {
    if (!modes.includes(modeOf(request))) return { status, body: { error: 'invalid_token' } };
    return { body: request.url.pathname === '/media/search' ? listingPage(['a']) : { id: 'user-1' } };
  };
}

async function failureOf(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SyncError) return error;
  throw error;
}

test("one request with both cookies and a browser's headers validates the credentials", async () => {
  await using api = await startTestApi(accepting(['cookies', 'bearer']));
  const source = api.source();
  await source.validate();
  expect(api.requests).toHaveLength(1);
  const { url, headers } = api.requests[0]!;
  expect(url.pathname).toBe('/media/user');
  expect(headers).toMatchObject({
    cookie: `gp_access_token=${token}; gp_user_id=user-1`,
    accept: 'application/vnd.gopro.jk.media+json; version=2.0.0',
    'accept-encoding': 'identity',
    'accept-language': 'en-US,en;q=0.9',
    origin: 'https://gopro.com',
    referer: 'https://gopro.com/',
  });
  expect(headers['user-agent']).toContain('Mozilla/5.0');
  expect(headers.authorization).toBeUndefined();
  expect([source.mode, source.account]).toEqual(['cookies', expect.stringMatching(/^[0-9a-f]{16}$/)]);
});

test("without a user id the request has only the token's cookie, and the account is the default one", async () => {
  await using api = await startTestApi(accepting(['cookies']));
  const source = api.source({ credentials: { accessToken: token, userAgent: 'My browser/1.0' } });
  await source.validate();
  expect(api.requests[0]?.headers).toMatchObject({ cookie: `gp_access_token=${token}`, 'user-agent': 'My browser/1.0' });
  expect(source.account).toBe('default');
});

test.each(['cookies', 'bearer'] as const)('the session finds and keeps the only mode that works: %s', async (mode) => {
  for (const rememberedMode of ['cookies', 'bearer'] as const) {
    await using api = await startTestApi(accepting([mode]));
    const source = api.source({ rememberedMode });
    await source.validate();
    expect(source.mode).toBe(mode);
    await collect(source.list(1));
    expect(api.requests.map(modeOf)).toEqual(rememberedMode === mode ? [mode, mode] : [rememberedMode, mode, mode]);
  }
});

test('a listing without an earlier `validate` also finds the mode', async () => {
  await using api = await startTestApi(accepting(['bearer']));
  const source = api.source();
  expect(await collect(source.list(1))).toHaveLength(1);
  expect(source.mode).toBe('bearer');
  expect(api.paths()).toEqual(['/media/search', '/media/user', '/media/user', '/media/search']);
});

test.each([401, 403])(
  'status %i in both modes means expired credentials, and the error has a hint but not the token',
  async (status) => {
    await using api = await startTestApi(accepting([], status));
    const error = await failureOf(api.source().validate());
    expect(error).toMatchObject({ code: 'CREDENTIALS_EXPIRED', exitCode: 3 });
    expect(error.message).toContain(`status ${status}`);
    expect(error.hint).toContain('cloud-sync login gopro');
    expect(error.message).not.toContain(token);
    expect(api.requests.map(modeOf)).toEqual(['cookies', 'bearer']);
  },
);

test('a request that gets a 500 in the wrong mode is repeated, then the other mode is tried', async () => {
  await using api = await startTestApi(accepting(['bearer'], 500));
  const source = api.source();
  await source.validate();
  expect(source.mode).toBe('bearer');
  expect(api.requests.map(modeOf)).toEqual([...Array<string>(5).fill('cookies'), 'bearer']);
});

test('a 500 in both modes is an outage, but a 500 and then a refusal means expired credentials', async () => {
  await using down = await startTestApi(() => ({ status: 500 }));
  const error = await failureOf(down.source().validate());
  expect(error).toMatchObject({ code: 'PROVIDER_DOWN', exitCode: 5 });
  expect(error.hint).toContain('login gopro');
  await using refusing = await startTestApi((request) => ({ status: modeOf(request) === 'cookies' ? 500 : 401 }));
  expect((await failureOf(refusing.source().validate())).code).toBe('CREDENTIALS_EXPIRED');
  const remembered = refusing.source({ rememberedMode: 'cookies' });
  expect((await failureOf(remembered.validate())).code, 'cookies are known to be the way').toBe('PROVIDER_DOWN');
});

test('a lasting 503 is an outage and does not change the mode', async () => {
  await using api = await startTestApi(() => ({ status: 503 }));
  expect((await failureOf(api.source().validate())).code).toBe('PROVIDER_DOWN');
  expect(new Set(api.requests.map(modeOf))).toEqual(new Set(['cookies']));
  expect(api.requests).toHaveLength(5);
});

test.each<[string, Respond]>([
  ['406', () => ({ status: 406, body: '' })],
  ['a web page', () => ({ body: '<!DOCTYPE html><html>private words</html>', headers: { 'content-type': 'text/html' } })],
  ['a list', () => ({ body: [1, 2] })],
  ['a redirect', () => ({ status: 302, headers: { location: 'https://elsewhere.example/media/user?key=private' } })],
  ['an empty reply', () => ({ status: 204, body: '' })],
  ['a 400', () => ({ status: 400 })],
])('a probe that is answered with %s means that the API changed', async (_, respond) => {
  await using api = await startTestApi(respond);
  const error = await failureOf(api.source().validate());
  expect(error).toMatchObject({ code: 'PROVIDER_CHANGED', exitCode: 5 });
  expect(error.message).not.toMatch(/private|\?/);
});

test('a redirect is never followed, and a redirect to a sign-in page means refused credentials', async () => {
  await using other = await startTestApi(() => ({ body: {} }));
  await using api = await startTestApi(() => ({ status: 302, headers: { location: `${other.origin}/login?next=x` } }));
  expect((await failureOf(api.source().validate())).code).toBe('CREDENTIALS_EXPIRED');
  await using moved = await startTestApi(() => ({ status: 307, headers: { location: `${other.origin}/media/user` } }));
  expect((await failureOf(moved.source().validate())).code).toBe('PROVIDER_CHANGED');
  expect(other.requests).toEqual([]);
});

test('if the account endpoint is missing, the probe requests a listing of one medium', async () => {
  await using api = await startTestApi(({ url }) =>
    url.pathname === '/media/user' ? { status: 404 } : { body: listingPage(['a']) },
  );
  const source = api.source();
  await source.validate();
  await source.validate();
  expect(api.paths()).toEqual(['/media/user', '/media/search', '/media/search']);
  expect(api.requests[1]?.url.searchParams.get('per_page')).toBe('1');
});

test('if both endpoints of the probe are missing, the error says that the API has changed', async () => {
  await using api = await startTestApi(() => ({ status: 404 }));
  expect((await failureOf(api.source().validate())).code).toBe('PROVIDER_CHANGED');
});

test('the error for an unreachable host names the cause', async () => {
  // Only root may listen on port 1, and no program does. Another test could open any other port.
  const origin = 'http://127.0.0.1:1';
  await using client = await startTestApi(() => ({}));
  const error = await failureOf(client.source({ apiUrl: origin }).validate());
  expect(error.code).toBe('PROVIDER_DOWN');
  expect(error.message).toBe(`${new URL(origin).host}: the connection was refused`);
  const nameless = client.source({ apiUrl: 'https://api.gopro.invalid' });
  expect((await failureOf(nameless.validate())).message).toMatch(/^api\.gopro\.invalid: .*DNS/);
  const unsafe = client.source({ apiUrl: client.origin.replace('http:', 'https:') });
  expect((await failureOf(unsafe.validate())).message).toMatch(/TLS/);
});

test("one warning says that the computer's clock is far off", async () => {
  await using api = await startTestApi(accepting(['cookies']));
  const warnings: string[] = [];
  const options = { onWarning: (message: string) => void warnings.push(message) };
  const slow = api.source({ ...options, clock: hastyClock(Date.now() - 3_600_000) });
  await slow.validate();
  await slow.validate();
  await api.source({ ...options, clock: hastyClock(Date.now() - 300_000) }).validate();
  expect(warnings).toEqual([expect.stringMatching(/60 minutes behind/)]);
});

test('if the API refuses many calls at the same time, one probe confirms the refusal, and then no request is sent', async () => {
  let expired = false;
  await using api = await startTestApi(() => (expired ? { status: 401 } : { body: { id: 'x' } }));
  const source = api.source();
  await source.validate();
  expired = true;
  const errors = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => failureOf(source.resolve(id, ['source']))));
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['CREDENTIALS_EXPIRED']));
  expect(api.paths().filter((path) => path === '/media/user').length, 'one before, one now').toBe(2);
  const before = api.requests.length;
  await expect(source.get('e')).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' });
  await expect(collect(source.list(1))).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' });
  expect(api.requests.length).toBe(before);
  expired = false;
  await source.validate();
  await expect(source.get('x')).resolves.toMatchObject({ id: 'x' });
});

test('when a caller is aborted, the callers that wait for its probe are not aborted', async () => {
  let probes = 0;
  await using api = await startTestApi(({ url, nth }) => {
    if (url.pathname === '/media/user') {
      probes += 1;
      // The first probe belongs to the validation. The second probe gets no answer.
      return probes === 2 ? undefined : {};
    }
    return probes < 3 ? { status: 401 } : { body: { id: 'b', nth } };
  });
  const source = api.source({ stallMs: 20_000 });
  await source.validate();
  const abort = new AbortController();
  const first = source.get('a', abort.signal).catch((error: unknown) => error);
  await vi.waitUntil(() => probes === 2);
  const second = source.get('b');
  await vi.waitUntil(() => api.paths().includes('/media/b'));
  await systemClock.sleep(100);
  abort.abort(new Error('enough'));
  expect(await first).toEqual(new Error('enough'));
  await expect(second).resolves.toMatchObject({ id: 'b' });
  expect(probes).toBe(3);
});

test.each([
  ['', undefined],
  ['two words', undefined],
  ['a;b', undefined],
  ['line\nbreak', undefined],
  ['tökèn', undefined],
  [token, 'a; b'],
  [token, ''],
])('the token %j with the user id %j cannot be sent', async (accessToken, userId) => {
  await using api = await startTestApi(() => ({}));
  const credentials = { accessToken, ...(userId !== undefined && { userId }) };
  expect(() => api.source({ credentials })).toThrow(expect.objectContaining({ code: 'CREDENTIALS_MISSING', exitCode: 3 }));
});

test.each(['', 'api.gopro.com', 'ftp://api.gopro.com', 'https://u:p@api.gopro.com', 'https://api.gopro.com/?a=1'])(
  '%j is not a valid API address',
  async (apiUrl) => {
    await using api = await startTestApi(() => ({}));
    expect(() => api.source({ apiUrl })).toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
  },
);
