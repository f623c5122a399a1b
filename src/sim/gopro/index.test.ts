import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeUsage, startGoproCloud, type GoproCloud } from './index.ts';
import { buildLibrary, createLibrary, expectedOriginals, type MediaRecord } from './library/library.ts';
import { frameSet, video } from './library/shapes.ts';
import {
  apiJson,
  callApi,
  fetchOnce,
  resolve,
  vendorAccept,
  type DownloadReply,
} from '../../../test/support/gopro-sim-client.ts';

interface Listing {
  readonly _pages: Readonly<Record<'current_page' | 'per_page' | 'total_items' | 'total_pages', number>>;
  readonly _embedded: { readonly media: readonly MediaRecord[] };
}

let cloud: GoproCloud;

beforeAll(async () => {
  cloud = await startGoproCloud({ library: buildLibrary('small') });
});

afterAll(() => cloud.close());

async function listing(query: string, of = cloud, path = '/media/search') {
  const { _pages: pages, _embedded: embedded } = await apiJson<Listing>(of, `${path}${query}`);
  return { pages, media: embedded.media };
}

describe('the Accept rule and the session', () => {
  test.each(['application/json', '*/*', 'text/html, application/xhtml+xml'])(
    'a request with the header Accept: %s gets a 406 without a body',
    async (accept) => {
      const reply = await callApi(cloud, '/media/user', { accept });
      expect([reply.status, reply.body.length]).toEqual([406, 0]);
    },
  );

  test('the Accept header is checked before the session', async () => {
    expect((await fetchOnce(`${cloud.apiUrl}/media/user`)).status).toBe(406);
    const reply = await fetchOnce(`${cloud.apiUrl}/media/user`, { accept: vendorAccept });
    expect(reply.status).toBe(401);
    expect(JSON.parse(reply.body.toString())).toHaveProperty('error');
  });

  test.each([
    ['cookies', 200, 401],
    ['bearer', 401, 200],
    ['both', 200, 200],
  ] as const)('with auth: %s, cookies get the status %i and a bearer token gets %i', async (auth, byCookies, byBearer) => {
    await using own = await startGoproCloud({ library: createLibrary(), auth });
    expect((await callApi(own, '/media/user')).status).toBe(byCookies);
    const headers = { accept: vendorAccept, authorization: `Bearer ${own.accessToken}` };
    expect((await fetchOnce(`${own.apiUrl}/media/user`, headers)).status).toBe(byBearer);
  });

  test('a request with only one of the two cookies is refused', async () => {
    const reply = await callApi(cloud, '/media/user', { cookie: `gp_access_token=${cloud.accessToken}` });
    expect(reply.status).toBe(401);
  });

  test('an expired token stays invalid after a new token is issued', async () => {
    await using own = await startGoproCloud({ library: createLibrary() });
    const old = own.accessToken;
    own.expireToken();
    expect((await callApi(own, '/media/search')).status).toBe(401);
    expect(own.renewToken()).toBe(own.accessToken);
    expect((await callApi(own, '/media/search')).status).toBe(200);
    const stale = { cookie: `gp_access_token=${old}; gp_user_id=${own.userId}` };
    expect((await callApi(own, '/media/search', stale)).status).toBe(401);
  });
});

describe('the listing', () => {
  test('a page of the listing has 30 media by default, and at most 100', async () => {
    await using own = await startGoproCloud({ library: buildLibrary('large', { count: 250 }) });
    expect(await listing('', own)).toMatchObject({ pages: { current_page: 1, per_page: 30, total_items: 250, total_pages: 9 } });
    const wide = await listing('?per_page=1000&page=3', own);
    expect(wide).toMatchObject({ pages: { current_page: 3, per_page: 100, total_pages: 3 } });
    expect(wide.media).toHaveLength(50);
    expect((await listing('?per_page=100&page=4', own)).media).toEqual([]);
  });

  test('all pages together contain every medium once, newest first', async () => {
    await using own = await startGoproCloud({ library: cloud.library, perPageCap: 7 });
    const pages = await Promise.all(
      Array.from({ length: 10 }, (_, nth) => listing(`?per_page=100&page=${nth + 1}&order_by=created_at`, own)),
    );
    const media = pages.flatMap((page) => page.media);
    expect(new Set(media.map((medium) => medium.id)).size).toBe(cloud.library.size);
    const times = media.map((medium) => medium.created_at);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test('a listing has exactly the requested fields, or the full records without the parameter `fields`', async () => {
    const [chosen] = (await listing('?fields=id,type,nonsense')).media;
    expect(Object.keys(chosen ?? {})).toEqual(['id', 'type']);
    const [full] = (await listing('')).media;
    expect(full).toHaveProperty('created_at');
    expect(full).toHaveProperty('available_labels');
  });

  test('the listing can be filtered by type, state and capture time', async () => {
    const types = (await listing('?per_page=100&type=Burst,TimeLapse')).media.map((medium) => medium.type);
    expect(types).toEqual(['TimeLapse', 'TimeLapse', 'Burst']);
    const states = (await listing('?processing_states=transcoding')).media.map((medium) => medium.ready_to_view);
    expect(states).toEqual(['transcoding']);
    const early = (await listing('?captured_range=1969-01-01T00:00:00Z,1971-01-01T00:00:00Z')).media;
    expect(early.map((medium) => medium.filename)).toEqual(['GOPR0602.JPG']);
    const waiting = await listing('?per_page=50', cloud, '/media/filters/not-ready');
    expect(waiting.pages.total_items).toBe(2);
  });

  test('a medium in the trash is not listed, and each request about it gets a 404', async () => {
    await using own = await startGoproCloud({
      library: createLibrary([video({ id: 'a', seed: '', filename: 'A.MP4', createdAt: '2025-01-01T00:00:00Z' }, 9)]),
    });
    expect((await callApi(own, '/media/a')).status).toBe(200);
    own.library.trash('a');
    expect((await listing('', own)).pages).toMatchObject({ total_items: 0, total_pages: 0 });
    const replies = await Promise.all(['/media/a', '/media/a/download', '/media/a/moments'].map((path) => callApi(own, path)));
    expect(replies.map((reply) => reply.status)).toEqual([404, 404, 404]);
  });
});

describe('one medium', () => {
  test('the record of a medium has only the requested fields, and each highlight in `moments` has its time', async () => {
    const medium = [...cloud.library.media()].find((each) => each.record.moments_count === 2);
    expect(await apiJson(cloud, `/media/${medium?.id}?fields=filename`)).toEqual({ filename: 'GX010101.MP4' });
    expect(await apiJson(cloud, `/media/${medium?.id}/moments?fields=time`)).toMatchObject({
      _embedded: { moments: [{ time: 7_000 }, { time: 14_000 }] },
    });
  });

  test('an unknown path and a method that would write both get a 404', async () => {
    expect((await callApi(cloud, '/collections')).status).toBe(404);
    const cookie = `gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}`;
    expect((await fetchOnce(`${cloud.apiUrl}/media?ids=a`, { accept: vendorAccept, cookie }, 'DELETE')).status).toBe(404);
  });

  test('a download reply has every file in its list, with the fields of that list', async () => {
    await using own = await startGoproCloud({
      library: createLibrary([
        frameSet({ id: 'b', seed: '', filename: 'G0010001.JPG', createdAt: '2025-01-01T00:00:00Z' }, 'Burst', [10, 11, 12]),
      ]),
    });
    const reply = await apiJson<DownloadReply>(own, '/media/b/download');
    expect(reply).toMatchObject({
      filename: 'G0010001.JPG',
      _embedded: {
        files: [1, 2, 3].map((item) => ({ item_number: item, camera_position: 'default', available: true, orientation: 1 })),
        variations: [{ label: 'source', type: 'jpg', item_number: 1 }],
        sidecar_files: [],
        sprites: [],
      },
    });
    const { _embedded: embedded } = reply;
    const { files } = embedded;
    expect(files.map((file) => new URL(file.url).pathname.endsWith('.jpg'))).toEqual([true, true, true]);
    expect(files[0]).toMatchObject({ urls: [files[0]?.url], heads: [files[0]?.head] });
  });

  test('the item number of a file can be null or absent, and an unavailable file has an empty URL', async () => {
    const byName = (name: string) => [...cloud.library.media()].find((each) => each.record.filename === name)?.id ?? '';
    expect((await resolve(cloud, byName('GH010114.MP4'))).item_number).toBeNull();
    expect(await resolve(cloud, byName('GH010115.MP4'))).not.toHaveProperty('item_number');
    expect(await resolve(cloud, byName('GX010502.MP4'))).toMatchObject({ available: false, url: '' });
  });

  test('every expected original can be downloaded and has the expected bytes', async () => {
    for (const original of expectedOriginals(cloud.library, { edits: true, sidecars: true })) {
      if (original.sizeBytes > 5_000_000) continue;
      const { _embedded: embedded } = await apiJson<DownloadReply>(cloud, `/media/${original.mediaId}/download`);
      const entries = [...embedded.files, ...embedded.variations, ...embedded.sidecar_files];
      const entry = entries.find((each) => new URL(each.url).pathname.includes(`/${original.key}.`));
      const { body } = await fetchOnce(entry?.url ?? '');
      expect(body).toHaveLength(original.sizeBytes);
      expect(await sha256OfBytes(body)).toBe(await original.sha256());
    }
  });
});

describe('the log and the output of the cloud', () => {
  test('the log has the medium, file, range and byte count of a request, and `stats` counts requests to both hosts', async () => {
    await using own = await startGoproCloud({
      library: createLibrary([video({ id: 'a', seed: '', filename: 'A.MP4', createdAt: '2025-01-01T00:00:00Z' }, 900)]),
    });
    const entry = await resolve(own, 'a');
    await fetchOnce(entry.url, { range: 'bytes=100-299' });
    expect(own.requests.at(-1)).toMatchObject({
      host: 'cdn',
      endpoint: 'file',
      mediaId: 'a',
      file: { label: 'source', itemNumber: 1 },
      range: 'bytes=100-299',
      status: 206,
      bytesSent: 200,
      complete: true,
      hadCookie: false,
    });
    expect(own.requests[0]).toMatchObject({ host: 'api', endpoint: 'download', hadCookie: true });
    expect(own.stats()).toMatchObject({
      requests: { download: 1, file: 1 },
      cdnBytesSent: 200,
      leaks: 0,
      maxConcurrentDownloads: 1,
    });
    own.clearLog();
    expect(own.requests).toHaveLength(0);
    expect(own.stats().cdnBytesSent).toBe(0);
  });

  test('the log keeps only the latest requests', async () => {
    await using own = await startGoproCloud({ library: createLibrary(), logLimit: 4 });
    for (let nth = 0; nth < 12; nth += 1) await callApi(own, '/media/user');
    expect(own.requests.length).toBeLessThanOrEqual(5);
    expect(own.requests.at(-1)?.seq).toBe(12);
    expect(own.stats().requests).toEqual({ user: 12 });
  });

  test('the usage text names the environment variables and the command', () => {
    const lines = describeUsage(cloud).join('\n');
    expect(lines).toContain(`CLOUD_SYNC_GOPRO_API_URL=${cloud.apiUrl}`);
    expect(lines).toContain(`CLOUD_SYNC_GOPRO_ACCESS_TOKEN=${cloud.accessToken}`);
    expect(lines).toContain(`CLOUD_SYNC_GOPRO_USER_ID=${cloud.userId}`);
    expect(lines).toContain('npx cloud-sync sync --provider gopro --to ./archive');
  });

  test('`close` cuts off running downloads, and a start on a used port fails without a server left behind', async () => {
    const faults = [{ match: { host: 'cdn' }, action: { type: 'stall', afterBytes: 1_000 } }] as const;
    const own = await startGoproCloud({ preset: 'small', faults });
    const [medium] = own.library.media();
    const { url } = await resolve(own, medium?.id ?? '');
    const download = fetchOnce(url);
    await expect.poll(() => own.requests.at(-1)?.bytesSent).toBe(1_000);
    const taken = Number(new URL(own.apiUrl).port);
    await expect(startGoproCloud({ cdnPort: taken })).rejects.toThrow('EADDRINUSE');
    await own.close();
    await expect(download).rejects.toThrow();
    await own.close();
  });
});

async function sha256OfBytes(bytes: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex');
}
