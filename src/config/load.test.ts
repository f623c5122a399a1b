import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from './load.ts';

function homeWith(toml?: string): string {
  const home = mkdtempSync(join(tmpdir(), 'cloud-sync-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  if (toml !== undefined) writeFileSync(join(home, 'config.toml'), toml);
  return home;
}

test('a flag overrules the environment, and the environment overrules config.toml', async () => {
  const CLOUD_SYNC_HOME = homeWith('concurrency = 7\nquarantine-after = 3\napi-rps = 0.5\n');
  const environment = { CLOUD_SYNC_HOME, CLOUD_SYNC_CONCURRENCY: '8', CLOUD_SYNC_QUARANTINE_AFTER: '4' };
  const { settings } = await loadConfig({ concurrency: '9' }, environment);
  expect(settings).toMatchObject({ concurrency: 9, 'quarantine-after': 4, 'api-rps': 0.5, 'stall-timeout-ms': 30_000 });
});

test('a list can be given with commas or item by item, and the case of its letters does not count', async () => {
  const expected = ['edits', 'sidecars'];
  expect((await loadConfig({ include: ['Edits', 'sidecars,edits'] }, { CLOUD_SYNC_HOME: homeWith() })).settings.include).toEqual(
    expected,
  );
  expect((await loadConfig({}, { CLOUD_SYNC_HOME: homeWith(), CLOUD_SYNC_INCLUDE: 'edits, sidecars' })).settings.include).toEqual(
    expected,
  );
  expect((await loadConfig({}, { CLOUD_SYNC_HOME: homeWith('include = ["edits", "sidecars"]') })).settings.include).toEqual(
    expected,
  );
});

test('a size and a rate in config.toml may be bare numbers', async () => {
  const home = homeWith('min-size = 1000\nbwlimit = 2000000\nconcurrency = 7\n');
  const { settings } = await loadConfig({}, { CLOUD_SYNC_HOME: home });
  expect(settings).toMatchObject({ 'min-size': '1000', bwlimit: '2000000', concurrency: 7 });
});

test('a date in config.toml becomes the text of the date', async () => {
  expect((await loadConfig({}, { CLOUD_SYNC_HOME: homeWith('since = 2026-03-01') })).settings.since).toBe('2026-03-01');
});

test('an empty variable counts as unset, but an empty secret stays an empty text', async () => {
  const { settings } = await loadConfig(
    {},
    { CLOUD_SYNC_HOME: homeWith(), CLOUD_SYNC_TO: '', CLOUD_SYNC_GOPRO_ACCESS_TOKEN: '' },
  );
  expect(settings.to).toBeUndefined();
  expect(settings['gopro-access-token']).toBe('');
});

test('the configuration includes proxies and debugging', async () => {
  const environment = {
    CLOUD_SYNC_HOME: homeWith(),
    https_proxy: 'http://proxy:8080',
    NO_PROXY: 'localhost',
    CLOUD_SYNC_DEBUG: '1',
  };
  expect(await loadConfig({}, environment)).toMatchObject({
    proxies: { https: new URL('http://proxy:8080'), bypass: ['.localhost'] },
    debug: true,
  });
});

test('a misspelt variable in the environment gives a warning', async () => {
  const { warnings } = await loadConfig({}, { CLOUD_SYNC_HOME: homeWith(), CLOUD_SYNC_CONCURENCY: '3' });
  expect(warnings).toEqual([expect.stringContaining('CLOUD_SYNC_CONCURRENCY')]);
});

test.each([
  ['a table', '[sync]\nconcurrency = 3', 'sync'],
  ['an unusable value', 'name = { a = 1 }', 'name'],
  ['the home', 'home = "/elsewhere"', 'CLOUD_SYNC_HOME'],
  ['a number as a place', 'to = 5', 'to = "5"'],
  ['a date as a place', 'to = 2026-03-01', 'must be a text'],
  ['a number as a camera', 'camera = [12]', 'camera = "12"'],
  ['true as a camera', 'camera = true', 'must be a text'],
  ['a date as a number', 'concurrency = 2026-03-01', 'must be a number'],
  ['a number as an address', 's3-endpoint = 8333', 'must be a text'],
])('a config.toml with %s is refused', async (_, toml, part) => {
  const error = await loadConfig({}, { CLOUD_SYNC_HOME: homeWith(toml) }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'USAGE' });
  expect(`${(error as Error).message} ${(error as { hint?: string }).hint}`).toContain(part);
});

test('loading the configuration fails with CONFIG_UNREADABLE if the home is a link that leads to itself', async () => {
  const home = join(homeWith(), 'circle');
  symlinkSync(home, home);
  await expect(loadConfig({ home }, {})).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', exitCode: 2 });
});

test('loading the configuration fails with CONFIG_UNREADABLE if the home is a file', async () => {
  const file = join(homeWith(''), 'config.toml');
  await expect(loadConfig({ home: file }, {})).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', exitCode: 2 });
});
