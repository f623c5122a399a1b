import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { trackerConformance } from './tracker.ts';
import { archive, openIds, usual } from './tracker/fixtures.ts';
import { each } from '../support/collect.ts';
import { described, medium, original } from '../support/builders.ts';
import { manualClock } from '../support/manual-clock.ts';

const clock = manualClock();
let folder: string;
let path: string;
let handles: Tracker[] = [];
let warnings: string[] = [];

async function open(archiveId = 'archive-1'): Promise<Tracker> {
  const handle = await openSqliteTracker({ path, archiveId, clock, onWarning: (message) => warnings.push(message) });
  handles.push(handle);
  return handle;
}

/** Makes a tracker with rows and closes it. */
async function makeTracker(): Promise<void> {
  const tracker = await open();
  await tracker.adopt(each(Array.from({ length: 300 }, (_, index) => described(original(`m${index}`)))));
  await tracker.close();
}

async function prepare(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'cloud-sync-tracker-'));
  path = join(folder, 'home', 'tracker.db');
}

async function cleanUp(): Promise<void> {
  for (const handle of handles) await handle.close();
  await rm(folder, { recursive: true });
  handles = [];
  warnings = [];
}

trackerConformance('SQLite tracker', async () => {
  await prepare();
  return { tracker: await open(), archiveId: 'archive-1', clock, second: open, dispose: cleanUp };
});

describe('the file of the SQLite tracker', () => {
  beforeEach(prepare);
  afterEach(cleanUp);

  test('only the owner can read the tracker and the files beside it, also if others could read an older tracker', async () => {
    await makeTracker();
    for (const name of await readdir(join(folder, 'home'))) await chmod(join(folder, 'home', name), 0o644);
    await open();
    const names = await readdir(join(folder, 'home'));
    expect(names).toEqual(expect.arrayContaining(['tracker.db', 'tracker.db-shm', 'tracker.db-wal']));
    const shared = names.filter((name) => (statSync(join(folder, 'home', name)).mode & 0o077) !== 0);
    // The note of the last clean end has no rows. The next clean end writes it again.
    expect(shared.filter((name) => name !== 'tracker.db.sound')).toEqual([]);
    await handles.at(-1)?.close();
    expect(statSync(`${path}.sound`).mode & 0o777).toBe(0o600);
  });

  test('a closed tracker opens again with all its rows', async () => {
    await makeTracker();
    const tracker = await open();
    expect(await tracker.needsAdoption()).toBe(false);
    expect((await tracker.tally(usual)).mediaComplete).toBe(300);
    expect(warnings).toEqual([]);
  });

  test('a tracker of another archive is refused and stays unchanged', async () => {
    await makeTracker();
    await expect(open('archive-2')).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE', exitCode: 2, hint: expect.any(String) });
    expect(await (await open()).knownCount()).toBe(300);
  });

  test('a tracker of a newer version and the database of another program are refused and stay unchanged', async () => {
    for (const sql of ['PRAGMA user_version = 99', 'CREATE TABLE theirs (x)']) {
      await mkdir(join(folder, 'home'), { recursive: true });
      const foreign = new DatabaseSync(path);
      foreign.exec(sql);
      foreign.close();
      const before = await readFile(path);
      await expect(open()).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE', hint: expect.any(String) });
      expect(await readFile(path)).toEqual(before);
      await rm(path);
    }
    expect(warnings).toEqual([]);
  });

  test('a file from before a field existed can be opened, and the field is empty', async () => {
    await makeTracker();
    const older = new DatabaseSync(path);
    older.exec('ALTER TABLE media DROP COLUMN camera_model');
    older.close();
    const tracker = await open();
    expect((await tracker.medium('m1'))?.medium.cameraModel).toBeNull();
    await tracker.recordPage([medium('m1'), medium('new')], 'r1');
    await tracker.close();
    expect((await (await open()).medium('new'))?.medium).toEqual(medium('new'));
    const file = new DatabaseSync(path);
    expect(file.prepare('PRAGMA user_version').get()).toEqual({ user_version: 4 });
    file.close();
  });

  test('a file with fields that this version does not know can be written', async () => {
    await makeTracker();
    const newer = new DatabaseSync(path);
    newer.exec('ALTER TABLE media ADD COLUMN not_yet TEXT; ALTER TABLE originals ADD COLUMN nor_this INTEGER NOT NULL DEFAULT 0');
    newer.close();
    const tracker = await open();
    await archive(tracker, 'new');
    expect((await tracker.tally(usual)).mediaComplete).toBe(301);
  });

  const damages: Record<string, () => Promise<void>> = {
    'not a database': () => writeFile(path, 'once upon a time '.repeat(1000)),
    'shorter than a header': () => writeFile(path, 'SQLite'),
    'cut in half': async () => truncate(path, Math.floor((await readFile(path)).length / 8192) * 4096),
    'cut to its first page': () => truncate(path, 4096),
    'overwritten in the middle': async () => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0x5a, 4096, bytes.length - 4096));
    },
  };
  for (const [damage, inflict] of Object.entries(damages)) {
    test(`a file that is ${damage} is set aside, and the tracker starts a new one`, async () => {
      await makeTracker();
      await inflict();
      const damaged = await readFile(path);
      const tracker = await open();
      expect(await tracker.needsAdoption()).toBe(true);
      expect(await tracker.knownCount()).toBe(0);
      const [aside] = (await readdir(join(folder, 'home'))).filter((name) => name.startsWith('tracker.db.corrupt-'));
      expect(await readFile(join(folder, 'home', aside!))).toEqual(damaged);
      expect(warnings).toEqual([expect.stringContaining(aside!)]);
    });
  }

  test('damaged files that are set aside at the same moment do not replace each other, and keep their write-ahead logs', async () => {
    for (const content of ['first', 'second']) {
      await mkdir(join(folder, 'home'), { recursive: true });
      for (const suffix of ['', '-wal', '-shm']) await writeFile(path + suffix, `${content}${suffix} `.repeat(100));
      await (await open()).close();
    }
    const names = (await readdir(join(folder, 'home'))).filter((name) => name.includes('corrupt-'));
    const starts = await Promise.all(
      names.map(async (name) => (await readFile(join(folder, 'home', name), 'utf8')).split(' ')[0]),
    );
    expect(new Set(starts)).toEqual(new Set(['first', 'first-shm', 'first-wal', 'second', 'second-shm', 'second-wal']));
  });

  test('a path that is not a file or cannot be created is refused', async () => {
    await mkdir(path, { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
    path = join(folder, 'file', 'tracker.db');
    await writeFile(join(folder, 'file'), '');
    await expect(open()).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
  });

  test('a closed tracker rejects every call with TRACKER_UNUSABLE, and may be closed twice', async () => {
    const tracker = await open();
    await tracker.close();
    await tracker.close();
    await expect(tracker.knownCount()).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
    await expect(openIds(tracker)).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
  });

  test('a copy of the open tracker and its write-ahead log has every acknowledged write', async () => {
    await archive(await open(), 'm1');
    const copied = join(folder, 'copy.db');
    for (const suffix of ['', '-wal']) await copyFile(path + suffix, copied + suffix);
    path = copied;
    expect((await (await open()).tally(usual)).mediaComplete).toBe(1);
  });
});

describe('a killed process', () => {
  beforeEach(prepare);
  afterEach(cleanUp);

  test('a killed process loses no acknowledged write', async () => {
    const last = new Map<string, string>();
    for (const [prefix, linesUntilKill] of Object.entries({ a: 1, b: 47, c: 160, d: 333 })) {
      const writer = spawn(process.execPath, [join(import.meta.dirname, 'tracker/writer.ts'), path, prefix], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let lines = 0;
      for await (const line of createInterface({ input: writer.stdout })) {
        const [mediaId, step] = line.split(' ') as [string, string];
        last.set(mediaId, step);
        lines += 1;
        if (lines === linesUntilKill) writer.kill('SIGKILL');
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
      expect(writer.signalCode).toBe('SIGKILL');
      await expectAtLeast(await open(), last);
    }
    expect(last.size).toBeGreaterThan(80);
    expect(warnings).toEqual([]);
  });

  const steps = ['LISTED', 'PENDING', 'IN_PROGRESS', 'uploading', 'intended', 'COMPLETED'];

  async function expectAtLeast(tracker: Tracker, acknowledged: ReadonlyMap<string, string>): Promise<void> {
    const intents = new Set((await tracker.intents()).map((row) => row.id));
    for (const [mediaId, step] of acknowledged) {
      const [row] = await tracker.originals(mediaId);
      const kept = row && (await tracker.upload(row.id));
      const state = !row
        ? (await tracker.medium(mediaId))?.status
        : row.status === 'COMPLETED'
          ? 'COMPLETED'
          : intents.has(row.id)
            ? 'intended'
            : kept && kept.parts.length > 0
              ? 'uploading'
              : row.status;
      expect(steps.indexOf(String(state)), `${mediaId}: ${state} after ${step}`).toBeGreaterThanOrEqual(steps.indexOf(step));
    }
  }
});
