/** What can go wrong with a copy, and what stays. */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyingBetween, placeOf } from '../support/copying.ts';
import { eventsOf } from '../support/cli.ts';
import { diskPlaceAt, type DiskPlace } from '../support/places.ts';
import { failuresOf, keysOf, openSmallArchive, sorted } from '../support/restoring.ts';
import { expectExit } from '../support/scene.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test.each(['disk', 's3'] as const)(
  'damaged and missing files of an archive on %s are named, and the rest is copied',
  async (kind) => {
    const scene = await openSmallArchive(kind, `copy-damage-${kind}`);
    const to = await placeOf('disk');
    const copying = await copyingBetween(scene.place, to);
    const [damaged = '', ...others] = await keysOf(scene);
    await scene.place.damage(damaged, 100);
    const run = await copying.copy();
    expectExit(run, 1);
    expect(failuresOf(run)).toEqual([`CHECKSUM_MISMATCH ${damaged}`]);
    expect(run.copied).toMatchObject({ files: others.length, failed: 1 });
    expect((await to.files()).map(({ key }) => key).toSorted()).toEqual(others);
    // The second archive knows that it lacks the file.
    const verified = await copying.verify();
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ missing: 1, damaged: 0 });
    // When the first archive is sound again, the next copy brings the file.
    await scene.place.damage(damaged, 100);
    const again = await copying.copy();
    expectExit(again, 0);
    expect(again.copied).toMatchObject({ files: 1, skipped: others.length });
    expectExit(await copying.verify(), 0);
  },
);

test.each(['disk', 's3'] as const)(
  'a file that is damaged in the second archive on %s is repaired from the first one',
  async (kind) => {
    const scene = await openSmallArchive('disk', `copy-repair-${kind}`);
    const to = await placeOf(kind);
    const copying = await copyingBetween(scene.place, to);
    expectExit(await copying.copy(), 0);
    const [damaged = '', missing = ''] = await keysOf(scene);
    await to.damage(damaged, 50);
    await to.remove(missing);
    expectExit(await copying.verify(), 1);
    const run = await copying.copy();
    expectExit(run, 0);
    // A store cannot move a damaged object away, so the file becomes the next revision there.
    expect(run.copied).toMatchObject({ files: 2, repaired: kind === 'disk' ? 2 : 1, renamed: kind === 'disk' ? 0 : 1 });
    expectExit(await copying.verify(), 0);
    const shas = new Set((await to.files()).map(({ sha256 }) => sha256));
    for (const { sha256 } of await scene.place.files()) expect(shas).toContain(sha256);
  },
);

test('a damaged revision that a later one replaces is left out, and the second archive does not miss it', async () => {
  const scene = await openSmallArchive('s3', 'copy-superseded');
  const to = await placeOf('disk');
  const copying = await copyingBetween(scene.place, to);
  const [damaged = '', ...others] = await keysOf(scene);
  await scene.place.damage(damaged, 5);
  expectExit(await scene.verify('--deep'), 1);
  expectExit(await scene.sync(), 0);
  const run = await copying.copy();
  expectExit(run, 0);
  expect(run.copied).toMatchObject({ files: others.length + 1, superseded: 1, failed: 0 });
  expectExit(await copying.verify(), 0);
  const again = await copying.copy();
  expectExit(again, 0);
  expect(again.copied).toMatchObject({ files: 0, failed: 0 });
});

test('a dry run writes nothing, and names and filters select', async () => {
  const scene = await openSmallArchive('disk', 'copy-dry');
  const to = (await placeOf('disk')) as DiskPlace;
  const copying = await copyingBetween(scene.place, to);
  const keys = await keysOf(scene);
  const dry = await copying.copy('--dry-run');
  expectExit(dry, 0);
  expect(dry.copied).toMatchObject({ dryRun: true, files: 0, pending: keys.length });
  expect(eventsOf(dry, 'file.planned')).toHaveLength(keys.length);
  await expect(readFile(join(to.directory, '.cloud-sync', 'archive.json'))).rejects.toThrow('ENOENT');
  const some = await copying.copy('*.MP4', '*.mp4');
  expectExit(some, 0);
  const films = keys.filter((key) => /\.mp4$/i.test(key));
  expect((await to.files()).map(({ key }) => key).toSorted()).toEqual(films);
  const wrong = await copying.copy('nothing-like-this');
  expectExit(wrong, 1);
  expect(failuresOf(wrong)).toEqual(['FILE_MISSING nothing-like-this']);
});

test('two archives with one id, one place for both, and nested places are refused', async () => {
  const scene = await openSmallArchive('disk', 'copy-ids');
  const { directory } = scene.place as DiskPlace;
  const temp = await makeTempDir();
  onTestFinished(async () => temp[Symbol.asyncDispose]());
  const twin = join(temp.path, 'twin');
  await cp(directory, twin, { recursive: true });
  const refusals = [
    [twin, 6, 'are the same archive: one is a copy of the other'],
    [directory, 2, 'are the same archive'],
    [join(directory, 'inside'), 2, `is inside ${directory}`],
    [join(directory, '..'), 2, 'is inside'],
  ] as const;
  for (const [to, exitCode, message] of refusals) {
    const copying = await copyingBetween(scene.place, diskPlaceAt(to));
    const run = await copying.run('copy', '--from', directory, '--to', to);
    expect([run.exitCode, run.stderr]).toEqual([exitCode, expect.stringContaining(message)]);
  }
  // Without its id the twin becomes an archive of its own, and nothing is copied twice.
  await rm(join(twin, '.cloud-sync', 'archive.json'));
  const copying = await copyingBetween(scene.place, diskPlaceAt(twin));
  const run = await copying.copy();
  expectExit(run, 0);
  expect(run.copied).toMatchObject({ files: 0, skipped: (await scene.place.files()).length });
});

test('a foreign file in the place of an archived one is set aside, and nothing is lost', async () => {
  const scene = await openSmallArchive('disk', 'copy-merge');
  const to = await placeOf('disk');
  const copying = await copyingBetween(scene.place, to);
  expectExit(await copying.copy(), 0);
  // A foreign file has the name of a file that the second archive lacks.
  const [first = ''] = await keysOf(scene);
  await to.remove(first);
  await to.addForeign(first, 'a file of somebody else');
  expectExit(await copying.verify(), 1);
  const run = await copying.copy();
  expectExit(run, 0);
  const files = sorted(await to.files());
  for (const { sha256 } of await scene.place.files()) expect(files.map((file) => file.sha256)).toContain(sha256);
});
