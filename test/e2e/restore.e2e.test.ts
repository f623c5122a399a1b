/** `restore` gives the files of an archive back. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { expectExactly, wantedOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { openPlace, placeKinds, type DiskPlace } from '../support/places.ts';
import { failuresOf, keysOf, openRestoring, openSmallArchive, sorted } from '../support/restoring.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';

describe.each(placeKinds)('a whole library on %s', (kind) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ preset: 'small', place: await openPlace(kind), inProcess: true });
    expectExit(await scene.sync(), 0);
  });
  afterAll(async () => scene[Symbol.asyncDispose]());

  test('is restored bit for bit with its times, without the home, and a second run finds it there', async () => {
    await using restoring = await openRestoring(scene.place);
    const beganAtMs = Date.now() - 3_600_000;
    const archived = await scene.place.files();
    const texts = await scene.place.ownTexts();
    const run = await restoring.run({});
    expectExit(run, 0);
    expect(run.restored).toMatchObject({ files: archived.length, skipped: 0, failed: 0, pending: 0, renamed: 0, unknown: 0 });
    expect(run.restored.bytes).toBe(archived.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expectExactly(await restoring.files(), await wantedOf(scene.cloud.library));
    expect(sorted(await restoring.files())).toEqual(sorted(archived));
    expect(await restoring.names()).toEqual(['gopro-videos']);
    expect(existsSync(restoring.home)).toBe(false);
    // The archive is as it was, and so are the times of its files.
    expect(await scene.place.ownTexts()).toBe(texts);
    if (scene.place.kind === 'disk') {
      const { directory } = scene.place as DiskPlace;
      for (const { key } of archived) {
        const { mtimeMs } = await stat(join(directory, key));
        // A file without a capture time keeps the time at which it was written.
        if (mtimeMs < beganAtMs) expect((await stat(join(restoring.into, key))).mtimeMs, key).toBe(mtimeMs);
      }
    }
    const again = await restoring.restore();
    expectExit(again, 0);
    expect(again.restored).toMatchObject({ files: 0, skipped: archived.length, failed: 0 });
  });

  test('gets the names of the camera in one folder, and the same names in each run', async () => {
    await using restoring = await openRestoring(scene.place);
    const first = await restoring.restore('--flat', '--type', 'Video,Photo');
    expectExit(first, 0);
    const some = await restoring.files();
    const run = await restoring.restore('--flat');
    expectExit(run, 0);
    expect(run.restored).toMatchObject({ skipped: first.restored.files, failed: 0, leftOut: 0 });
    expect(run.restored.files + run.restored.skipped).toBe((await scene.place.files()).length);
    const files = await restoring.files();
    expect(files.every(({ key }) => !key.includes('/'))).toBe(true);
    expect(files).toEqual(expect.arrayContaining(some));
    expect(files.map(({ sha256 }) => sha256).toSorted()).toEqual(
      (await scene.place.files()).map(({ sha256 }) => sha256).toSorted(),
    );
    const names = new Set(files.map(({ key }) => key));
    // The chapters of a recording have the camera's own names.
    for (const name of ['GX010110.MP4', 'GX020110.MP4', 'GOPR0112.MP4', 'GP010112.MP4']) expect(names).toContain(name);
  });
});

describe('files in the directory', () => {
  test('equal files are counted, other files and links stay, and the rest is restored', async () => {
    const scene = await openSmallArchive('disk', 'existing');
    await using restoring = await openRestoring(scene.place);
    const { directory } = scene.place as DiskPlace;
    const [equal = '', other = '', linked = '', longer = '', ...rest] = await keysOf(scene);
    const at = (key: string) => join(restoring.into, key);
    await mkdir(dirname(at(equal)), { recursive: true });
    await writeFile(at(equal), await readFile(join(directory, equal)));
    await utimes(at(equal), 1, 1);
    await writeFile(at(other), 'my own text');
    await symlink(join(directory, linked), at(linked));
    await writeFile(at(longer), Buffer.alloc((await stat(join(directory, longer))).size));
    const run = await restoring.restore();
    expectExit(run, 1);
    expect(run.restored).toMatchObject({ files: rest.length, skipped: 1, failed: 3 });
    expect(failuresOf(run)).toEqual([other, linked, longer].map((key) => `KEY_TAKEN ${key}`).toSorted());
    expect(await readFile(at(other), 'utf8')).toBe('my own text');
    expect((await stat(at(equal))).mtimeMs).toBe(1000);
    const found = new Map((await restoring.files()).map((file) => [file.key, file]));
    for (const file of await scene.place.files()) if (rest.includes(file.key)) expect(found.get(file.key)).toEqual(file);
    expect(run.stderr).toBe('');
  });

  test('a folder that leads out of the directory gets no file, and a folder that is a file hides only its own', async () => {
    const scene = await openSmallArchive('disk', 'links');
    await using restoring = await openRestoring(scene.place);
    const outside = await mkdtemp(join(tmpdir(), 'cloud-sync-outside-'));
    onTestFinished(async () => rm(outside, { recursive: true }));
    await mkdir(restoring.into);
    await symlink(outside, join(restoring.into, 'gopro-videos'));
    const run = await restoring.restore();
    expectExit(run, 1);
    expect(run.restored).toMatchObject({ files: 0, failed: (await keysOf(scene)).length });
    expect(failuresOf(run)[0]).toMatch(/^STORE_REFUSED /);
    expect(await readdir(outside)).toEqual([]);
    await rm(join(restoring.into, 'gopro-videos'));
    await writeFile(join(restoring.into, 'gopro-videos'), 'a file');
    expectExit(await restoring.restore(), 1);
    await rm(join(restoring.into, 'gopro-videos'));
    expectExit(await restoring.restore(), 0);
  });

  test('a link in the place of .cloud-sync is not followed', async () => {
    const scene = await openSmallArchive('disk', 'own-link');
    await using restoring = await openRestoring(scene.place);
    const outside = await mkdtemp(join(tmpdir(), 'cloud-sync-outside-'));
    onTestFinished(async () => rm(outside, { recursive: true }));
    await mkdir(restoring.into);
    await symlink(outside, join(restoring.into, '.cloud-sync'));
    expect((await restoring.restore()).exitCode).toBe(6);
    expect(await readdir(outside)).toEqual([]);
  });
});

test('filters, keys and patterns select, and a dry run writes nothing', async () => {
  const scene = await openSmallArchive('disk', 'selected');
  await using restoring = await openRestoring(scene.place);
  const keys = await keysOf(scene);
  const photos = keys.filter((key) => key.endsWith('.jpg'));
  const dry = await restoring.restore('--dry-run');
  expectExit(dry, 0);
  expect(dry.restored).toMatchObject({ dryRun: true, pending: keys.length, files: 0 });
  expect(eventsOf(dry, 'file.planned')).toHaveLength(keys.length);
  expect(existsSync(restoring.into)).toBe(false);
  const ofType = await restoring.restore('--type', 'Burst');
  expectExit(ofType, 0);
  expect(ofType.restored).toMatchObject({ files: 3, leftOut: keys.length - 3 });
  expect((await restoring.restore('--camera', 'HERO99*')).restored).toMatchObject({ files: 0, leftOut: keys.length });
  const byPattern = await restoring.restore('*.jpg');
  expectExit(byPattern, 0);
  expect(byPattern.restored).toMatchObject({ files: photos.length - 3, skipped: 3, leftOut: keys.length - photos.length });
  const [video = ''] = keys.filter((key) => key.endsWith('.mp4'));
  const byKey = await restoring.restore(video, 'no/such.mp4');
  expectExit(byKey, 1);
  expect(byKey.restored).toMatchObject({ files: 1, failed: 1 });
  expect(failuresOf(byKey)).toEqual(['FILE_MISSING no/such.mp4']);
});
