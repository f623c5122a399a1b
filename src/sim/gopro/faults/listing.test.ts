import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction } from './faults.ts';
import { startGoproCloud, type GoproCloud } from '../index.ts';
import { buildLibrary } from '../library/library.ts';
import { apiJson, callApi } from '../../../../test/support/gopro-sim-client.ts';

interface Listing {
  readonly _pages?: { readonly total_items: number; readonly total_pages: number };
  readonly _embedded?: { readonly media?: readonly { readonly id?: string }[] };
}

let cloud: GoproCloud;

beforeEach(async () => {
  cloud = await startGoproCloud({ library: buildLibrary('large', { count: 25 }), perPageCap: 10 });
});

afterEach(() => cloud.close());

async function page(number: number) {
  const { _pages: pages, _embedded: embedded } = await apiJson<Listing>(cloud, `/media/search?per_page=10&page=${number}`);
  return { pages, embedded, ids: embedded?.media?.map((medium) => medium.id) };
}

function strike(action: FaultAction): void {
  cloud.faults.set([{ match: { endpoint: 'search', page: 2, attempt: 1 }, action }]);
}

describe('a listing that cannot be trusted', () => {
  test('if a medium is added between the requests for two pages, a medium appears on both pages', async () => {
    const first = await page(1);
    strike({ type: 'pageDrift', change: 'add' });
    const second = await page(2);
    expect(second.ids?.[0]).toBe(first.ids?.at(-1));
    expect(second.pages?.total_items).toBe(26);
    expect((await page(1)).ids?.slice(1)).toEqual(first.ids?.slice(0, -1));
  });

  test('if a medium is trashed between the requests for two pages, another medium is on neither page', async () => {
    const before = await page(2);
    strike({ type: 'pageDrift', change: 'trash' });
    const after = await page(2);
    expect(after.ids?.slice(0, -1)).toEqual(before.ids?.slice(1));
    expect(after.pages?.total_items).toBe(24);
  });

  test('the fault `duplicates` repeats the end of the previous page', async () => {
    const [first, second] = [await page(1), await page(2)];
    strike({ type: 'duplicates', count: 3 });
    expect((await page(2)).ids).toEqual([...(first.ids?.slice(-3) ?? []), ...(second.ids ?? [])]);
  });

  test('the fault `emptyPage` empties one page and keeps the totals', async () => {
    strike({ type: 'emptyPage' });
    expect(await page(2)).toMatchObject({ ids: [], pages: { total_items: 25, total_pages: 3 } });
    expect((await page(2)).ids).toHaveLength(10);
  });

  test('a listing can state wrong totals, and totals of zero even if it contains media', async () => {
    strike({ type: 'totalZero', withMedia: true });
    const zero = await page(2);
    expect([zero.pages?.total_items, zero.pages?.total_pages, zero.ids?.length]).toEqual([0, 0, 10]);
    strike({ type: 'totalZero', withMedia: false });
    expect((await page(2)).ids).toEqual([]);
    strike({ type: 'totalDrift', delta: -2 });
    expect((await page(2)).pages?.total_items).toBe(23);
  });

  test('the fault `misshapen` removes one piece of a listing', async () => {
    strike({ type: 'misshapen', missing: '_embedded' });
    expect((await page(2)).embedded).toBeUndefined();
    strike({ type: 'misshapen', missing: '_pages' });
    expect(await page(2)).toMatchObject({ pages: undefined, ids: expect.any(Array) });
    strike({ type: 'misshapen', missing: 'media' });
    expect(await page(2)).toMatchObject({ embedded: {}, ids: undefined });
    strike({ type: 'misshapen', missing: 'id' });
    const { ids } = await page(2);
    expect(ids).toHaveLength(10);
    expect(ids?.filter((id) => id === undefined)).toHaveLength(1);
  });

  test('the fault `malformedJson` cuts the JSON of a reply short, with status 200', async () => {
    strike({ type: 'malformedJson' });
    const { status, body } = await callApi(cloud, '/media/search?page=2');
    expect(status).toBe(200);
    expect(() => JSON.parse(body.toString())).toThrow(SyntaxError);
  });

  test('the fault `unknownFields` adds fields to every object and keeps the known fields', async () => {
    const plain = await page(2);
    strike({ type: 'unknownFields' });
    const odd = await page(2);
    expect(odd.ids).toEqual(plain.ids);
    expect(odd.pages).toHaveProperty('hyper_field');
    expect(odd.embedded?.media?.[0]).toHaveProperty('hyper_field');
  });

  test('faults of the connection also apply to the API', async () => {
    cloud.faults.set([{ match: { host: 'api' }, action: { type: 'status', status: 500 } }]);
    expect((await callApi(cloud, '/media/user')).status).toBe(500);
    cloud.faults.set([{ match: { endpoint: 'search' }, action: { type: 'endEarly', afterBytes: 50 } }]);
    await expect(callApi(cloud, '/media/search')).rejects.toThrow();
    cloud.faults.clear();
    expect((await callApi(cloud, '/media/search')).status).toBe(200);
  });

  test('the fault `misshapen` also applies to a download reply', async () => {
    const [id] = (await page(1)).ids ?? [];
    cloud.faults.set([{ match: { endpoint: 'download' }, action: { type: 'misshapen', missing: '_embedded' } }]);
    expect(await apiJson(cloud, `/media/${id}/download`)).not.toHaveProperty('_embedded');
  });
});
