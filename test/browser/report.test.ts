/** The page of `report` in a real browser: light, dark, on a phone and on paper. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { runCliHere } from '../support/cli.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let browser: Browser;
let page: Page;
let path = '';
const troubles: string[] = [];
const requests: string[] = [];
const temp = await makeTempDir();

const hostileNames = [
  '<script>document.title = "taken over"</script>.MP4',
  '"><img src=x onerror="document.title=1">.MP4',
  '\u202egpj.exe',
  `${'long name '.repeat(400)}.MP4`,
];

beforeAll(async () => {
  const maker = createMediaMaker('report in a browser');
  const media = [maker.photo(), maker.chapters(), maker.burst(), maker.video(2_000_000)];
  const library = createLibrary([...media, ...hostileNames.map(() => maker.photo())]);
  const photos = [...library.media()].filter(({ id }) => media.every((one) => one.id !== id));
  for (const [index, { id }] of photos.entries()) library.touch(id, { filename: hostileNames[index]! });
  await using scene = await openScene({ library, inProcess: true });
  expectExit(await scene.sync(), 0);
  // A missing file is listed with its reason.
  const [first] = await scene.place.files();
  await scene.place.remove(first!.key);
  expectExit(await scene.verify(), 1);
  await mkdir(join(temp.path, 'out'));
  path = join(temp.path, 'out', 'report.html');
  const run = await runCliHere(['report', '--from', scene.place.to, '--out', path], scene.environment());
  expect([run.exitCode, run.stderr]).toEqual([0, '']);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  page.on('console', (message) => troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(`file://${path}`);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await temp[Symbol.asyncDispose]();
});

const colour = async (name: 'color' | 'backgroundColor') => page.evaluate<string>(`getComputedStyle(document.body).${name}`);
const isTooWide = async () =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

test('the page loads nothing, runs nothing, and its own style applies', async () => {
  expect(requests).toEqual([`file://${path}`]);
  expect(troubles).toEqual([]);
  expect(await page.title()).toMatch(/^Archive in /);
  expect(await page.locator('script, img, link, iframe').count()).toBe(0);
  expect(await colour('backgroundColor')).toBe('rgb(255, 255, 255)');
  expect(await page.locator('h1').innerText()).toBe('Archive report');
});

test('no invisible sign of a name reaches the page, and no name is run', async () => {
  const text = await page.locator('body').innerText();
  expect(text).toContain('What is missing, and why');
  expect(text).not.toContain('\u202e');
  expect(await page.title()).not.toContain('taken over');
});

test('the page follows the colours of the system', async () => {
  const light = [await colour('color'), await colour('backgroundColor')];
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = [await colour('color'), await colour('backgroundColor')];
  await page.emulateMedia({ colorScheme: 'light' });
  expect(dark).not.toEqual(light);
  expect(dark[1]).toBe('rgb(20, 25, 31)');
});

test.each([
  ['a phone', 360],
  ['a tablet', 768],
  ['a wide screen', 1_600],
])('nothing is cut off on %s', async (_, width) => {
  await page.setViewportSize({ width, height: 900 });
  expect(await isTooWide()).toBe(false);
});

test('the page prints in black on white, with all its tables', async () => {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(await colour('color')).toBe('rgb(0, 0, 0)');
  expect(await colour('backgroundColor')).toBe('rgb(255, 255, 255)');
  const pdf = await page.pdf({ format: 'A4' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.length).toBeGreaterThan(10_000);
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
});
