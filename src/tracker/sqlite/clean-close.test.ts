import { DatabaseSync } from 'node:sqlite';
import { copyFile, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { systemClock } from '../../lib/clock.ts';
import { openSqliteTracker } from './index.ts';
import type { Tracker } from '../tracker.ts';

const dayMs = 24 * 60 * 60_000;

let folder: Awaited<ReturnType<typeof makeTempDir>>;
let path: string;

beforeEach(async () => {
  folder = await makeTempDir();
  path = join(folder.path, 'tracker.db');
  await (await openTracker()).close();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await folder[Symbol.asyncDispose]();
});

const openTracker = (): Promise<Tracker> => openSqliteTracker({ path, archiveId: 'a', clock: systemClock });

/** Whether opening the tracker reads the whole file. */
async function isReadAtOpening(): Promise<boolean> {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const tracker = await openTracker();
  const statements = prepare.mock.calls.map(([sql]) => sql);
  prepare.mockRestore();
  await tracker.close();
  return statements.some((sql) => sql.includes('quick_check'));
}

test('a file that was closed cleanly is read in full only after another program wrote to it', async () => {
  expect(await isReadAtOpening()).toBe(false);
  expect(await isReadAtOpening()).toBe(false);
  await setTimeout(20); // the file system's clock advances in ticks
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0]), 0, 1, (await file.stat()).size - 1);
  await file.close();
  expect(await isReadAtOpening()).toBe(true);
  expect(await isReadAtOpening()).toBe(false);
});

test('a file is read in full again a week later, even if nothing changed', async () => {
  const [, looks] = (await readFile(`${path}.sound`, 'utf8')).split(/ (.*)/s);
  await writeFile(`${path}.sound`, `${Date.now() - 6 * dayMs} ${looks}`);
  expect(await isReadAtOpening()).toBe(false);
  await writeFile(`${path}.sound`, `${Date.now() - 8 * dayMs} ${looks}`);
  expect(await isReadAtOpening()).toBe(true);
  expect(await isReadAtOpening()).toBe(false);
});

test('a file with an unreadable row is read in full at the next opening', async () => {
  const tracker = await openTracker();
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementationOnce(() => {
    throw new TypeError('null is no text');
  });
  await expect(tracker.setFact('name', 'value')).rejects.toThrow('null is no text');
  vi.restoreAllMocks();
  await tracker.close();
  expect(await isReadAtOpening()).toBe(true);
});

test('a copy that replaces the file is read in full', async () => {
  await copyFile(path, `${path}.copy`);
  await rename(`${path}.copy`, path);
  expect(await isReadAtOpening()).toBe(true);
});

test('a file is read in full if a process has it open, or was killed while it had it open', async () => {
  const other = await openTracker();
  await other.setFact('name', 'value');
  expect(await isReadAtOpening()).toBe(true);
  await other.close();
  expect(await isReadAtOpening()).toBe(false);
});

test('a file that turned out to be damaged is read in full at the next opening', async () => {
  const tracker = await openTracker();
  const fault = Object.assign(new Error('database disk image is malformed'), { code: 'ERR_SQLITE_ERROR', errcode: 11 });
  const exec = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementationOnce(() => {
    throw fault;
  });
  await expect(tracker.setFact('name', 'value')).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
  expect(exec).toHaveBeenCalled();
  exec.mockRestore();
  await tracker.close();
  await expect(readFile(`${path}.sound`)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await isReadAtOpening()).toBe(true);
});
