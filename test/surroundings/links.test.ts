/** Symbolic links in an archive lead no run to files that are not the archive's own. */
import { execFileSync } from 'node:child_process';
import { cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import type { DiskPlace } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface LinkScene extends Scene<DiskPlace> {
  /** The medium that is added to the library after the first run. */
  addMedium(): void;
  own(...names: readonly string[]): string;
}

/** An archive of one photo, and one more photo to come. */
async function openArchived(): Promise<LinkScene> {
  const maker = createMediaMaker('links');
  const library = createLibrary([maker.photo()]);
  const scene = (await openScene({ library, inProcess: true })) as Scene<DiskPlace>;
  expectExit(await scene.sync('--hash', 'sha256'), 0);
  return {
    ...scene,
    addMedium: () => library.add(maker.photo()),
    own: (...names) => join(scene.place.directory, '.cloud-sync', ...names),
  };
}

/** Expects that a run ends with exit code 6, names the path and fetches nothing. */
async function expectRefused(scene: Scene, path: string): Promise<void> {
  await scene.clearRequests();
  const run = await scene.sync('--hash', 'sha256');
  expectExit(run, 6);
  expect(run.finished.error).toMatchObject({ code: 'DESTINATION_UNUSABLE', message: expect.stringContaining(path) });
}

describe('a symbolic link in `.cloud-sync`', () => {
  test.each(['archive.json', 'manifest.jsonl', 'SHA256SUMS', 'lease'])('%s is not followed', async (name) => {
    await using scene = await openArchived();
    await using elsewhere = await makeTempDir();
    const victim = join(elsewhere.path, 'victim');
    // The text is right, so only the link can be the reason of the refusal.
    const rest = name === 'SHA256SUMS' ? 'a line that is not complete' : '';
    const text = (await readFile(scene.own(name), 'utf8')) + rest;
    await writeFile(victim, text);
    await rm(scene.own(name));
    await symlink(victim, scene.own(name));
    scene.addMedium();
    await expectRefused(scene, scene.own(name));
    expect(await readFile(victim, 'utf8')).toBe(text);
    expect((await lstat(scene.own(name))).isSymbolicLink()).toBe(true);
  });

  test.each([[''], ['partial'], ['quarantine']])('is not followed at the folder .cloud-sync/%s', async (name) => {
    await using scene = await openArchived();
    await using elsewhere = await makeTempDir();
    const target = join(elsewhere.path, 'target');
    await mkdir(scene.own(name), { recursive: true });
    await cp(scene.own(name), target, { recursive: true });
    await rm(scene.own(name), { recursive: true });
    const old = join(target, 'old.part');
    await writeFile(old, '');
    await utimes(old, 0, 0);
    await symlink(target, scene.own(name));
    scene.addMedium();
    const names = await readdir(target);
    await expectRefused(scene, scene.own(name).replace(/\/$/, ''));
    expect(await readdir(target)).toEqual(names);
  });

  test('is not followed while the id of a new archive is chosen', async () => {
    await using scene = await openArchived();
    await using elsewhere = await makeTempDir();
    await cp(scene.own('archive.json'), join(elsewhere.path, 'archive.json'));
    await rm(scene.home, { recursive: true });
    await rm(scene.own('archive.json'));
    await symlink(elsewhere.path, scene.own('partial', 'archive-id.part'));
    await expectRefused(scene, scene.own('partial', 'archive-id.part'));
    expect(await readdir(elsewhere.path)).toEqual(['archive.json']);
  });
});

test('a named pipe in place of a file of `.cloud-sync` ends the run instead of stopping it for ever', async () => {
  await using scene = await openArchived();
  await rm(scene.own('manifest.jsonl'));
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', scene.own('manifest.jsonl')]);
  scene.addMedium();
  await expectRefused(scene, `${scene.own('manifest.jsonl')} is not a file`);
});

test('a folder of the archive that leads into `.cloud-sync` is refused', async () => {
  await using scene = await openArchived();
  const [file] = await scene.place.files();
  const folder = join(scene.place.directory, dirname(file!.key));
  await rename(folder, scene.own('moved'));
  await symlink(scene.own('moved'), folder);
  scene.addMedium();
  await expectRefused(scene, 'into .cloud-sync');
});

test('`verify` names the files of a folder that leads out of the archive as unreadable, and goes on', async () => {
  await using scene = await openArchived();
  await using elsewhere = await makeTempDir();
  const [file] = await scene.place.files();
  const folder = join(scene.place.directory, dirname(file!.key));
  await rename(folder, join(elsewhere.path, 'moved'));
  await symlink(join(elsewhere.path, 'moved'), folder);
  const verified = await scene.verify();
  expectExit(verified, 1);
  const reason = expect.stringContaining('leads out of the archive');
  const hint = expect.stringContaining('Remove that symbolic link');
  expect(eventsOf(verified, 'file.unreadable')).toEqual([expect.objectContaining({ key: file!.key, reason, hint })]);
  scene.addMedium();
  await expectRefused(scene, 'out of the archive');
});

test('an archived file that became a symbolic link is missing, and is fetched again beside the link', async () => {
  await using scene = await openArchived();
  await using elsewhere = await makeTempDir();
  const [file] = await scene.place.files();
  const path = join(scene.place.directory, file!.key);
  const target = join(elsewhere.path, 'film');
  await rename(path, target);
  await symlink(target, path);
  const verified = await scene.verify('--deep');
  expectExit(verified, 1);
  expect(eventsOf(verified, 'file.missing')).toEqual([expect.objectContaining({ key: file!.key })]);
  const hint = expect.stringContaining('The next `sync` fetches it again.');
  expect(eventsOf(await scene.sync('--dry-run'), 'warning')).toEqual([
    { type: 'warning', time: expect.anything(), message: '1 archived file is missing, damaged or suspect', hint },
  ]);
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
  expect((await lstat(path)).isFile()).toBe(true);
  const aside = join(scene.own('quarantine'), dirname(file!.key));
  const [name] = await readdir(aside);
  expect(await readlink(join(aside, name!))).toBe(target);
  expect((await lstat(target)).size).toBe(file!.sizeBytes);
});
