import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { collect } from '../../../test/support/collect.ts';
import {
  hastyClock,
  listingPage,
  startTestApi,
  token,
  type Respond,
  type TestReply,
} from '../../../test/support/scripted-gopro-api.ts';

/**
 * Answers probes of the credentials with success. All other requests get the answer of `respond`.
 */
function valid(respond: Respond): Respond {
  return (request, response) => (request.url.pathname === '/media/user' ? { body: { id: 'me' } } : respond(request, response));
}

const download = (url: string): unknown => ({
  filename: 'A.MP4',
  _embedded: { files: [], variations: [{ label: 'source', type: 'mp4', item_number: 1, available: true, url, head: null }] },
});

describe('the listing', () => {
  test('a listing requests each page up to the last, without filters, and reads the number of pages from each page', async () => {
    await using api = await startTestApi(({ url }) => {
      const page = Number(url.searchParams.get('page'));
      const ids = page === 2 ? [] : [`m${page}`];
      return { body: listingPage(ids, { total_items: page > 2 ? 4 : 3, total_pages: page > 2 ? 4 : 3, current_page: 9 }) };
    });
    const pages = await collect(api.source().list(1));
    expect(
      pages.map(({ page, totalPages, totalItems, media }) => [page, totalPages, totalItems, media.map(({ id }) => id)]),
    ).toEqual([
      [1, 3, 3, ['m1']],
      [2, 3, 3, []],
      [3, 4, 4, ['m3']],
      [4, 4, 4, ['m4']],
    ]);
    const query = api.requests[0]!.url.searchParams;
    expect([...query.keys()].toSorted()).toEqual(['fields', 'order_by', 'page', 'per_page']);
    expect([query.get('order_by'), query.get('per_page')]).toEqual(['created_at', '100']);
    expect(query.get('fields')?.split(',')).toContain('ready_to_view');
  });

  test('a listing starts at the given page and sends no request before the caller reads a page', async () => {
    await using api = await startTestApi(() => ({ body: listingPage(['a'], { total_pages: 3 }) }));
    const listing = api.source().list(3);
    expect(api.requests).toHaveLength(0);
    expect((await collect(listing)).map(({ page }) => page)).toEqual([3]);
  });

  test('the listing of an empty library is one empty page', async () => {
    await using api = await startTestApi(() => ({ body: listingPage([], { total_pages: 0 }) }));
    expect(await collect(api.source().list(1))).toEqual([{ media: [], page: 1, totalPages: 0, totalItems: 0, unreadable: 0 }]);
  });

  test.each<[string, TestReply, string]>([
    ['404', { status: 404 }, 'PROVIDER_CHANGED'],
    ['406', { status: 406 }, 'PROVIDER_CHANGED'],
    ['400', { status: 400 }, 'PROVIDER_CHANGED'],
    ['a redirect', { status: 301, headers: { location: '/v2/media/search' } }, 'PROVIDER_CHANGED'],
    ['a web page', { body: '<html>', headers: { 'content-type': 'text/html' } }, 'PROVIDER_CHANGED'],
    ['no totals', { body: { _embedded: { media: [] } } }, 'PROVIDER_CHANGED'],
    ['half of the JSON', { body: '{"_pages": {"total_items": 3' }, 'PROVIDER_CHANGED'],
    ['403 although the credentials are good', { status: 403 }, 'PROVIDER_DOWN'],
    ['500', { status: 500 }, 'PROVIDER_DOWN'],
    ['503', { status: 503 }, 'PROVIDER_DOWN'],
    ['429', { status: 429 }, 'PROVIDER_DOWN'],
  ])('the listing ends with an error if the API always answers with: %s', async (_, reply, code) => {
    await using api = await startTestApi(valid(() => reply));
    await expect(collect(api.source().list(1))).rejects.toMatchObject({ code, exitCode: 5 });
  });

  test.each<[string, TestReply]>([
    ['one 401', { status: 401 }],
    ['one 500', { status: 500 }],
    ['one misshapen reply', { body: { error: 'temporarily_unavailable' } }],
    ['one web page', { body: '<html>' }],
  ])('the listing continues after %s', async (_, reply) => {
    await using api = await startTestApi(
      valid(() => (api.paths().filter((path) => path === '/media/search').length === 1 ? reply : { body: listingPage(['a']) })),
    );
    expect(await collect(api.source().list(1))).toHaveLength(1);
  });

  test('a request is repeated up to five times after broken connections, cut replies and stalls', async () => {
    const ways: Respond[] = [
      (_, response) => void response.destroy(),
      (_, response) => void response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy()),
      (_, response) => {
        response.flushHeaders();
        return undefined;
      },
      () => undefined,
    ];
    await using api = await startTestApi((request, response) => {
      const way = ways[request.nth - 1];
      return way ? way(request, response) : { body: listingPage(['a']) };
    });
    let counted = 0;
    const source = api.source({ stallMs: 150, onRequest: () => void (counted += 1) });
    expect(await collect(source.list(1))).toHaveLength(1);
    expect([api.requests.length, counted]).toEqual([5, 5]);
  });

  test('the error for a misshapen reply names its keys and none of its values', async () => {
    const body = { _pages: { total_items: 'private' }, _embedded: { media: [{ id: 'private' }] } };
    await using api = await startTestApi(() => ({ body }));
    const error: unknown = await collect(api.source().list(7)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PROVIDER_CHANGED' });
    const { message } = error as Error;
    expect(message).toContain('page 7 of the listing');
    expect(message).toContain('_pages.total_items');
    expect(message).toContain('media: 1 of');
    expect(message).not.toMatch(/private|\?/);
  });
});

describe('requests for one medium', () => {
  test.each<[string, TestReply, string]>([
    ['404', { status: 404 }, 'SOURCE_GONE'],
    ['410', { status: 410 }, 'SOURCE_GONE'],
    ['406', { status: 406 }, 'PROVIDER_CHANGED'],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' } }, 'PROVIDER_CHANGED'],
    ['400', { status: 400 }, 'API_REFUSED'],
    ['401 although the credentials are good', { status: 401 }, 'API_REFUSED'],
    ['500', { status: 500 }, 'API_REFUSED'],
    ['503', { status: 503 }, 'API_REFUSED'],
    ['a web page', { body: '<html>' }, 'API_REFUSED'],
    ['another shape', { body: { error: 'x' } }, 'API_REFUSED'],
  ])('a resolve that is answered with %s fails with %s', async (_, reply, code) => {
    await using api = await startTestApi(valid(() => reply));
    const error: unknown = await api
      .source()
      .resolve('m/1', ['source'])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain('medium m/1');
    expect(api.paths()[0]).toBe('/media/m%2F1/download');
  });

  test('if a resolve and the probe both fail, the error says that the API is down', async () => {
    await using api = await startTestApi(() => ({ status: 503 }));
    await expect(api.source().resolve('m', ['source'])).rejects.toMatchObject({ code: 'PROVIDER_DOWN' });
  });

  test('if every reply for a medium stalls but the probe succeeds, the error is API_REFUSED', async () => {
    await using api = await startTestApi(valid(() => undefined));
    await expect(api.source({ stallMs: 60 }).resolve('m', ['source'])).rejects.toMatchObject({ code: 'API_REFUSED' });
  });

  test('a reply that drips below 64 KiB a minute fails only its medium', async () => {
    await using api = await startTestApi(
      valid((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const dripping = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(dripping));
        return undefined;
      }),
    );
    const resolving = api.source({ stallMs: 60 }).resolve('m', ['source']);
    await expect(resolving).rejects.toMatchObject({ code: 'API_REFUSED', message: expect.stringMatching(/only \d+ bytes in/) });
  });

  test('a reply that is not complete after ten stall timeouts fails only its medium', async () => {
    await using api = await startTestApi(
      valid((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const flowing = setInterval(() => response.write(' '.repeat(1_000)), 10);
        response.on('close', () => clearInterval(flowing));
        return undefined;
      }),
    );
    const resolving = api.source({ stallMs: 50 }).resolve('m', ['source']);
    await expect(resolving).rejects.toMatchObject({ code: 'API_REFUSED' });
  });

  test.each([
    ['two million entries', `{"filename":"a","_embedded":{"files":[${'{},'.repeat(2_000_000)}{}]}}`],
    [
      'lists in each other, 50,000 deep',
      `{"filename":"a","_embedded":{"files":[]},"more":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ],
    ['60,000 files', `{"filename":"a","_embedded":{"files":[${'{},'.repeat(60_000)}{}]}}`],
  ])('a reply with %s is refused before it costs seconds', async (_, body) => {
    await using api = await startTestApi(valid(() => ({ body })));
    await expect(api.source().resolve('m', ['source'])).rejects.toMatchObject({ code: 'API_REFUSED' });
  });

  test('`get` requests the same fields as the listing, and returns undefined for a medium that is gone', async () => {
    await using api = await startTestApi(({ url }) =>
      url.pathname === '/media/here' ? { body: { id: 'here', ready_to_view: 'ready' } } : { status: 404 },
    );
    const source = api.source();
    expect(await source.get('gone')).toBeUndefined();
    expect(await source.get('here')).toMatchObject({ id: 'here', ready: true, account: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(api.requests[1]?.url.searchParams.get('fields')?.split(',')).toContain('updated_at');
  });

  test('a reply with the record of another medium is refused', async () => {
    await using api = await startTestApi(valid(() => ({ body: { id: 'other' } })));
    await expect(api.source().get('m')).rejects.toMatchObject({ code: 'API_REFUSED' });
  });

  test('a medium id that would change the path is refused, and no request is sent', async () => {
    await using api = await startTestApi(() => ({}));
    await expect(api.source().get('..')).rejects.toMatchObject({ code: 'API_REFUSED' });
    expect(api.requests).toHaveLength(0);
  });

  test("each request keeps the path in the API's address", async () => {
    await using api = await startTestApi(() => ({ body: download('http://cdn.example/a.mp4') }));
    await api.source({ apiUrl: `${api.origin}/gopro/` }).resolve('m', ['source']);
    expect(api.paths()).toEqual(['/gopro/media/m/download']);
  });

  test("signed URLs may be plain http only if the API's address is plain http", async () => {
    const http = {
      close: async () => {},
      request: async () => ({
        status: 200,
        headers: {},
        body: {
          discard() {},
          pump: async (take: (chunk: Uint8Array) => void) =>
            take(Buffer.from(JSON.stringify(download('http://cdn.example/a.mp4')))),
        },
      }),
    };
    await using api = await startTestApi(() => ({}));
    await expect(api.source({ http }).resolve('m', ['source'])).resolves.toMatchObject({ originals: [{ extension: 'mp4' }] });
    await expect(api.source({ http, apiUrl: 'https://api.gopro.com' }).resolve('m', ['source'])).rejects.toMatchObject({
      code: 'API_REFUSED',
    });
  });

  test('the reply for thousands of frames is read whole, and an endless reply is refused', async () => {
    const padding = 'x'.repeat(900);
    const files = Array.from({ length: 3_032 }, (_, nth) => ({
      item_number: nth + 1,
      available: true,
      url: `https://cdn.example/${nth}.jpg?Signature=${padding}`,
      head: `https://cdn.example/${nth}.jpg?h=${padding}`,
    }));
    await using api = await startTestApi(
      valid(({ url }, response) => {
        if (url.pathname.startsWith('/media/set')) return { body: { filename: 'G.JPG', _embedded: { files, variations: [] } } };
        const more = (): void => void response.write(Buffer.alloc(1024 * 1024, ' '), (error) => error ?? more());
        more();
        return undefined;
      }),
    );
    const source = api.source();
    expect((await source.resolve('set', ['source'])).originals).toHaveLength(3_032);
    const error: unknown = await source.resolve('endless', ['source']).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'API_REFUSED', message: expect.stringContaining('larger than 64 MiB') });
  });
});

describe('the pace of requests', () => {
  test('calls start at the configured rate, however many calls wait', async () => {
    await using api = await startTestApi(({ url }) => ({ body: { id: url.pathname.slice('/media/'.length) } }));
    const source = api.source({ clock: systemClock, requestsPerSecond: 25 });
    await Promise.all(Array.from({ length: 10 }, async (_, nth) => source.get(`m${nth}`)));
    const times = api.requests.map(({ atMs }) => atMs);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(330);
    const perTenth = times.filter((atMs) => atMs - times[0]! < 100).length;
    expect(perTenth).toBeLessThan(6);
  });

  test.each([
    ['seconds', 429, () => '1'],
    ['a date of a host whose clock is an hour ahead', 503, () => new Date(Date.now() + 3_602_000).toUTCString()],
  ])('a Retry-After header in %s delays all calls', async (_, status, retryAfter) => {
    let toldMs = 0;
    await using api = await startTestApi(({ nth, url, atMs }) => {
      if (nth > 1) return { body: { id: url.pathname.slice('/media/'.length) } };
      toldMs = atMs;
      const date = new Date(Date.now() + (status === 503 ? 3_600_000 : 0)).toUTCString();
      return { status, headers: { 'retry-after': retryAfter(), date } };
    });
    const source = api.source({ clock: systemClock, requestsPerSecond: 50 });
    const first = source.get('a');
    await systemClock.sleep(150);
    await Promise.all([first, source.get('b'), source.get('c')]);
    expect(api.requests).toHaveLength(4);
    for (const { atMs } of api.requests.slice(1)) expect(atMs - toldMs).toBeGreaterThan(950);
    expect(api.requests[1]!.atMs - toldMs).toBeLessThan(4_000);
  });

  test('the delays between attempts are random and grow', async () => {
    await using api = await startTestApi(() => ({ status: 502 }));
    const clock = hastyClock();
    await expect(collect(api.source({ clock, requestsPerSecond: 1_000_000 }).list(1))).rejects.toMatchObject({
      code: 'PROVIDER_DOWN',
    });
    expect(clock.slept.length).toBeGreaterThanOrEqual(4);
    [500, 1_000, 2_000, 4_000].forEach((limit, nth) => expect(clock.slept[nth]).toBeLessThanOrEqual(limit));
  });

  test("an abort immediately ends a request, a pause and a backoff, with the signal's reason", async () => {
    const reason = new Error('enough');
    await using api = await startTestApi(({ url }) =>
      url.pathname === '/media/hangs'
        ? undefined
        : { status: 503, headers: url.pathname === '/media/pause' ? { 'retry-after': '500' } : {} },
    );
    for (const id of ['hangs', 'backoff', 'pause']) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(reason), 100);
      const startedMs = performance.now();
      await expect(api.source({ clock: systemClock }).get(id, abort.signal)).rejects.toBe(reason);
      expect(performance.now() - startedMs).toBeLessThan(1_500);
    }
  });

  test('credentials are sent only to the API, and appear in no message', async () => {
    await using api = await startTestApi(() => ({ status: 418, body: { echo: token } }));
    const error: unknown = await api
      .source()
      .get('m')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'API_REFUSED' });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(token);
  });
});
