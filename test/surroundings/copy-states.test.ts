/** Copies between archives that differ, and copies that cannot reach a file or the end. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf, finishedOf } from '../support/cli.ts';
import { copyingBetween, placeOf } from '../support/copying.ts';
import type { DiskPlace, S3Place } from '../support/places.ts';
import { failuresOf, keysOf, openSmallArchive, sorted } from '../support/restoring.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { waitUntil } from '../support/wait-until.ts';

test.each(['disk', 's3'] as const)('other content of a known file becomes the next revision on %s', async (kind) => {
  const maker = createMediaMaker(`merge-${kind}`);
  const [medium, other] = [maker.photo(), maker.chapters()];
  const library = createLibrary([medium, other]);
  await using old = await openScene({ library, inProcess: true });
  expectExit(await old.sync(), 0);
  library.replaceContent(medium.id, { label: 'source' }, { sizeBytes: 61_001 });
  library.touch(medium.id);
  await using young = await openScene({ library, inProcess: true });
  expectExit(await young.sync(), 0);
  const to = await placeOf(kind);
  expectExit(await (await copyingBetween(old.place, to)).copy(), 0);
  const copying = await copyingBetween(young.place, to);
  const run = await copying.copy();
  expectExit(run, 0);
  expect(run.copied).toMatchObject({ files: 1, renamed: 1, skipped: 2, failed: 0 });
  expect(eventsOf(run, 'file.archived')).toEqual([expect.objectContaining({ mediaId: medium.id, revision: 2 })]);
  const shas = new Set((await to.files()).map(({ sha256 }) => sha256));
  for (const { sha256 } of [...(await old.place.files()), ...(await young.place.files())]) expect(shas).toContain(sha256);
  expect(await to.files()).toHaveLength(4);
  const again = await copying.copy();
  expect(again.copied).toMatchObject({ files: 0, skipped: 3 });
  expectExit(await copying.verify(), 0);
  // The next revision is repaired from the file of the first archive that has its content.
  const { key = '' } = eventsOf(run, 'file.archived')[0] ?? {};
  await to.damage(key, 100);
  expectExit(await copying.verify(), 1);
  expectExit(await copying.copy(), 0);
  expectExit(await copying.verify(), 0);
  await to.remove(key);
  await copying.verify();
  expectExit(await copying.copy(), 0);
  expectExit(await copying.verify(), 0);
});

test('files of the first archive that are frozen or denied are named, and the rest is copied', async () => {
  const scene = await openSmallArchive('s3', 'copy-frozen');
  const { store } = scene.place as S3Place;
  const to = await placeOf('s3');
  const copying = await copyingBetween(scene.place, to);
  const keys = await keysOf(scene);
  const [frozen = '', denied = '', hidden = '', broken = ''] = keys;
  store.changeClass('archive', `my/videos/${frozen}`, 'DEEP_ARCHIVE');
  const refuse = { kind: 'error', code: 'AccessDenied' } as const;
  store.faults.push({ match: { operation: 'GetObject', keyPart: denied }, action: refuse });
  store.faults.push({ match: { operation: 'HeadObject', keyPart: hidden }, action: refuse });
  store.faults.push({
    match: { operation: 'GetObject', keyPart: broken, attempt: 1 },
    action: { kind: 'reset', before: 'reply' },
  });
  const run = await copying.copy();
  expectExit(run, 1);
  expect(failuresOf(run)).toEqual([`STORE_REFUSED ${denied}`, `STORE_REFUSED ${hidden}`, `UNREADABLE ${frozen}`].toSorted());
  expect(run.copied).toMatchObject({ files: keys.length - 3, failed: 3 });
  expect(eventsOf(run, 'file.failed').find(({ key }) => key === frozen)?.hint).toContain('cloud-sync thaw');
  store.changeClass('archive', `my/videos/${frozen}`, 'STANDARD');
  store.faults.length = 0;
  expectExit(await copying.copy(), 0);
  expect(sorted(await to.files())).toEqual(sorted(await scene.place.files()));
});

test('a full second disk ends the copy with exit code 6, and the next run copies the rest', async () => {
  const scene = await openSmallArchive('disk', 'copy-full');
  const to = (await placeOf('disk')) as DiskPlace;
  const copying = await copyingBetween(scene.place, to);
  const shim = new URL('../support/small-disk.ts', import.meta.url).href;
  const full = { NODE_OPTIONS: `--import=${shim}`, SMALL_DISK: to.directory, SMALL_DISK_BYTES: String(2 * 1024 * 1024) };
  const run = await copying.startWith(full).ended;
  const finished = finishedOf(run);
  expect({ exitCode: run.exitCode, code: finished.error?.code }).toEqual({ exitCode: 6, code: 'DESTINATION_FULL' });
  const again = await copying.copy();
  expectExit(again, 0);
  expect(again.copied.skipped).toBe(finished.copied?.files);
  expect(sorted(await to.files())).toEqual(sorted(await scene.place.files()));
});

test('a second archive whose disk is not mounted is not made again, and status shows its copies', async () => {
  const scene = await openSmallArchive('disk', 'copy-mount');
  const to = (await placeOf('disk')) as DiskPlace;
  const copying = await copyingBetween(scene.place, to);
  expectExit(await copying.copy(), 0);
  const status = await copying.run('status', '--to', to.to);
  expect(status.stdout).toContain('copy');
  await rename(to.directory, `${to.directory}-away`);
  const gone = await copying.copy();
  expectExit(gone, 6);
  await mkdir(to.directory);
  const empty = await copying.copy();
  expectExit(empty, 6);
  expect(empty.finished.error?.code).toBe('ARCHIVE_UNKNOWN');
  expect(await to.files()).toEqual([]);
});

/** A profile with keys, in the form of the file of credentials. */
function profileOf(name: string): string {
  return `[${name}]\naws_access_key_id = AKIA${name}\naws_secret_access_key = s${name}\n`;
}

test('each of two stores has its own address and its own profile', async () => {
  const scene = await openSmallArchive('s3', 'copy-stores');
  const to = (await placeOf('s3')) as S3Place;
  const copying = await copyingBetween(scene.place, to);
  const credentials = join(copying.home, '..', 'credentials');
  await writeFile(credentials, profileOf('first') + profileOf('second'));
  const env = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  const run = await copying.startWith(env, '--from-s3-profile', 'first', '--s3-profile', 'second').ended;
  expectExit(run, 0);
  expect(sorted(await to.files())).toEqual(sorted(await scene.place.files()));
  for (const option of ['--from-s3-profile', '--s3-profile']) {
    const wrong = await copying.startWith(env, '--from-s3-profile', 'first', '--s3-profile', 'second', option, 'nobody').ended;
    expect([wrong.exitCode, wrong.stderr]).toEqual([6, expect.stringContaining('credentials')]);
  }
});

test.each(['disk', 's3'] as const)(
  'a foreign file on %s keeps its key, and the copied file becomes the next revision',
  async (kind) => {
    const scene = await openSmallArchive('disk', `copy-foreign-${kind}`);
    const to = await placeOf(kind);
    const copying = await copyingBetween(scene.place, to);
    const [first = '', ...others] = await keysOf(scene);
    await to.addForeign(first, 'a file of somebody else');
    const [foreign] = await to.files();
    const run = await copying.copy();
    expectExit(run, 0);
    expect(run.copied).toMatchObject({ files: others.length + 1, renamed: 1, failed: 0 });
    expect(eventsOf(run, 'warning').map(({ message }) => message)).toContainEqual(expect.stringContaining(first));
    const files = await to.files();
    expect(files).toContainEqual(foreign);
    const shas = new Set(files.map(({ sha256 }) => sha256));
    for (const { sha256 } of await scene.place.files()) expect(shas).toContain(sha256);
    const again = await copying.copy();
    expectExit(again, 0);
    expect(again.copied).toMatchObject({ files: 0, skipped: others.length + 1 });
    expectExit(await copying.verify(), 0);
    await copying.forget();
    expectExit(await copying.copy(), 0);
    expect(await to.files()).toHaveLength(others.length + 2);
  },
);

test('an interrupted copy ends at once although a store is silent, and the next run goes on after the last part', async () => {
  const maker = createMediaMaker('copy-interrupted');
  const library = createLibrary([maker.photo(), maker.video(3 * partBytes + 5_000)]);
  await using scene = await openScene({ library, inProcess: true });
  expectExit(await scene.sync(), 0);
  const to = (await placeOf('s3')) as S3Place;
  const copying = await copyingBetween(scene.place, to);
  to.store.faults.push({ match: { operation: 'UploadPart', partNumber: 3 }, action: { kind: 'stall', before: 'body' } });
  const running = copying.start();
  await waitUntil('three parts', () => to.store.uploads().some(({ parts }) => parts.length === 3));
  running.kill('SIGINT');
  const ended = await running.ended;
  // A forced end knows no counts, and leaves the lease behind.
  expect([ended.exitCode, finishedOf(ended).copied]).toEqual([130, expect.objectContaining({ files: 1, pending: 1 })]);
  to.store.faults.length = 0;
  const run = await copying.copy();
  expectExit(run, 0);
  expect(eventsOf(run, 'file.started')).toEqual([expect.objectContaining({ resumedBytes: 2 * partBytes + 5_000 })]);
  expect(sorted(await to.files())).toEqual(sorted(await scene.place.files()));
});
