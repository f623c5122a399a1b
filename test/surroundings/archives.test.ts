/** What the home knows of its archives, and how a tracker comes back. */
import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCliHere } from '../support/cli.ts';
import { type DiskPlace, diskPlaceAt, openS3Place } from '../support/places.ts';
import { openSmallArchive } from '../support/restoring.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';

const dayMs = 24 * 3_600_000;

async function run({ environment }: Pick<Scene, 'environment'>, ...args: readonly string[]) {
  return runCliHere(args, environment());
}

async function archiveIdOf(scene: Scene): Promise<string> {
  const text = await readFile(join((scene.place as DiskPlace).directory, '.cloud-sync', 'archive.json'), 'utf8');
  return (JSON.parse(text) as { readonly id: string }).id;
}

async function trackerOf(scene: Scene): Promise<string> {
  return join(scene.home, 'archives', await archiveIdOf(scene), 'tracker.sqlite');
}

/** Writes zeros over a page of a file. */
async function spoil(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(Buffer.alloc(4_096), 0, 4_096, offset);
}

/** Makes the next opening of the tracker read the whole file, as it does once a week. */
async function makeOld(path: string): Promise<void> {
  await rm(`${path}.sound`, { force: true });
}

test('archives list shows each archive and its last run, and says which one is gone', async () => {
  const scene = await openSmallArchive('disk', 'archives-list');
  const { directory } = scene.place as DiskPlace;
  const listed = await run(scene, 'archives', 'list');
  expect([listed.exitCode, listed.stdout]).toEqual([
    0,
    expect.stringMatching(/State +there\n.*Tracker +\S+ \w+\n.*Last run +sync, clean/s),
  ]);
  await rename(directory, `${directory}-away`);
  const away = await run(scene, 'archives', 'list', '--json');
  expect(away.exitCode).toBe(1);
  expect(JSON.parse(away.stdout)).toMatchObject({
    location: directory,
    archiveId: expect.any(String),
    state: 'absent',
    lastRun: { kind: 'sync' },
  });
  const missing = await scene.sync();
  expectExit(missing, 6);
  expect(missing.stderr).toContain(`cloud-sync archives remove "${directory}"`);
});

test('archives move keeps the tracker of a moved archive, and refuses another one', async () => {
  const scene = await openSmallArchive('disk', 'archives-move');
  const { directory } = scene.place as DiskPlace;
  const moved = `${directory}-moved`;
  const early = await run(scene, 'archives', 'move', directory, moved);
  expect([early.exitCode, early.stderr]).toEqual([6, expect.stringContaining('holds no archive')]);
  await rename(directory, moved);
  const tracker = await readFile(await trackerOf({ ...scene, place: diskPlaceAt(moved) }));
  const done = await run(scene, 'archives', 'move', directory, moved);
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining(`is at ${moved} now`)]);
  const listed = await run(scene, 'archives', 'list', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({ location: moved, state: 'there' });
  expect((await readFile(await trackerOf({ ...scene, place: diskPlaceAt(moved) }))).equals(tracker)).toBe(true);
  const unknown = await run(scene, 'archives', 'move', directory, moved);
  expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining(`It knows: ${moved}`)]);
  const one = await run(scene, 'archives', 'move', moved);
  expect(one.exitCode).toBe(2);
});

test('archives move follows a bucket that was renamed', async () => {
  await using place = await openS3Place({ buckets: ['archive', 'renamed'] });
  await using scene = await openScene({ place, preset: 'small', inProcess: true });
  expectExit(await scene.sync('--type', 'Photo'), 0);
  const key = 'my/videos/.cloud-sync/archive.json';
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const { connect } = await import('../s3-server/support/client.ts');
  const client = connect(place.store);
  onTestFinished(() => client.destroy());
  await client.send(new PutObjectCommand({ Bucket: 'renamed', Key: key, Body: place.store.content('archive', key) }));
  const both = await run(scene, 'archives', 'move', 's3://archive/my/videos', 's3://renamed/my/videos');
  expect([both.exitCode, both.stderr]).toEqual([6, expect.stringContaining('one is a copy of the other')]);
  place.store.remove('archive', key);
  const done = await run(scene, 'archives', 'move', 's3://archive/my/videos', 's3://renamed/my/videos');
  expect([done.exitCode, done.stderr]).toEqual([0, '']);
  const listed = await run(scene, 'archives', 'list', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({
    location: `s3://renamed/my/videos at ${place.store.endpoint}`,
    state: 'there',
  });
});

test('archives remove forgets an archive only after a yes, and touches no file of it', async () => {
  const scene = await openSmallArchive('disk', 'archives-remove');
  const { directory } = scene.place as DiskPlace;
  const folder = join(scene.home, 'archives', await archiveIdOf(scene));
  const before = await scene.place.ownTexts();
  const refused = await run(scene, 'archives', 'remove', directory);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('Add --yes')]);
  expect(existsSync(folder)).toBe(true);
  const done = await run(scene, 'archives', 'remove', directory, '--yes');
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('Its files are still there')]);
  expect(existsSync(folder)).toBe(false);
  expect(await scene.place.ownTexts()).toBe(before);
  expect((await run(scene, 'archives', 'list')).stdout).toContain('knows no archive');
  const again = await scene.sync();
  expectExit(again, 0);
  expect(again.finished.bytes.fetched).toBe(0);
});

test('a run that ended well keeps a backup for a day, and a killed backup leaves the old one', async () => {
  const scene = await openSmallArchive('disk', 'backup');
  const backup = `${await trackerOf(scene)}.backup`;
  const first = await stat(backup);
  expect(first.mode & 0o077).toBe(0);
  expectExit(await scene.sync(), 0);
  expect((await stat(backup)).ino).toBe(first.ino);
  const old = new Date(Date.now() - 2 * dayMs);
  await utimes(backup, old, old);
  expectExit(await scene.sync(), 0);
  expect((await stat(backup)).mtimeMs).toBeGreaterThan(Date.now() - dayMs);
  expect((await readdir(join(backup, '..'))).filter((name) => name.endsWith('.new'))).toEqual([]);
});

test('a damaged tracker comes back from its backup, with what the archive does not know', async () => {
  const scene = await openSmallArchive('disk', 'repair-damaged');
  const path = await trackerOf(scene);
  // Nothing but the tracker knows that this photo is accepted.
  const { library } = scene.cloud;
  const keys = (await scene.place.files()).map((file) => file.key);
  const [photo] = [...library.media()].filter(({ id }) => keys.filter((key) => key.includes(id)).length === 1);
  const key = keys.find((one) => one.includes(photo!.id))!;
  library.trash(photo!.id);
  await scene.place.remove(key);
  expectExit(await scene.verify(), 1);
  expect((await scene.sync('--full')).exitCode).toBe(1);
  expect((await run(scene, 'accept', key, '--to', scene.place.to)).exitCode).toBe(0);
  const old = new Date(Date.now() - 2 * dayMs);
  await utimes(`${path}.backup`, old, old);
  expectExit(await scene.sync(), 0);
  await spoil(path, 8_192);
  await makeOld(path);
  const doctor = await run(scene, 'doctor', '--to', scene.place.to, '--json');
  expect(doctor.stdout).toMatch(/"subject":"tracker","level":"fail".*is damaged.*doctor --repair --to/);
  const repair = await run(scene, 'doctor', '--repair', '--to', scene.place.to, '--json');
  expect(repair.stdout).toMatch(/its backup of .* takes its place/);
  expect(repair.stdout).toMatch(/"subject":"repair","level":"ok","message":"the tracker is sound/);
  expect(repair.stdout).toMatch(/"subject":"tracker","level":"ok"/);
  const list = await run(scene, 'list', '--status', 'accepted', '--to', scene.place.to);
  expect(list.stdout).toContain(key);
  const after = await scene.sync();
  expectExit(after, 0);
  expect(after.finished.bytes.fetched).toBe(0);
});

test('a lost tracker and a backup that is old or damaged are completed from the archive', async () => {
  const scene = await openSmallArchive('disk', 'repair-lost');
  const path = await trackerOf(scene);
  const files = (await scene.place.files()).length;
  for (const lose of [async () => rm(path), async () => Promise.all([rm(path), spoil(`${path}.backup`, 4_096)])]) {
    await lose();
    const repair = await run(scene, 'doctor', '--repair', '--to', scene.place.to, '--json');
    expect(repair.stdout).toMatch(
      new RegExp(`"subject":"repair","level":"ok","message":"the tracker .*knows ${files} archived files`),
    );
    const run2 = await scene.sync();
    expectExit(run2, 0);
    expect(run2.finished.bytes.fetched).toBe(0);
  }
  const none = await run(scene, 'doctor', '--repair');
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('Name its place with --to')]);
});
