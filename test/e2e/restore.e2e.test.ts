/** `restore` gives the files of an archive back. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventsOf, runCliHere } from '../support/cli.ts';
import type { DiskPlace } from '../support/places.ts';
import { failuresOf, keysOf, openRestoring, openSmallScene, sorted } from '../support/restoring.ts';
import { expectExit, type Scene } from '../support/scene.ts';

let scene: Scene;
let directory: string;
beforeAll(async () => {
  scene = await openSmallScene('disk', 'restored');
  ({ directory } = scene.place as DiskPlace);
});
afterAll(async () => scene[Symbol.asyncDispose]());

describe('files in the directory', () => {
  test('equal files are counted, other files and links stay, and the rest is restored', async () => {
    await using restoring = await openRestoring(scene.place);
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

test('a place that is no archive, a newer format, and directories in each other are refused', async () => {
  await using restoring = await openRestoring(scene.place);
  const parent = dirname(directory);
  const at = async (from: string, into: string) =>
    runCliHere(['restore', '--from', from, '--into', into], { CLOUD_SYNC_HOME: restoring.home });
  const codes = async (from: string, into: string) => (await at(from, into)).exitCode;
  await mkdir(restoring.into);
  expect(await codes(restoring.into, join(parent, 'x'))).toBe(2);
  expect(await codes(join(parent, 'nowhere'), restoring.into)).toBe(2);
  expect(await codes(directory, directory)).toBe(2);
  expect(await codes(directory, join(directory, 'inside', 'deep'))).toBe(2);
  expect(await codes(directory, parent)).toBe(2);
  await symlink(parent, join(restoring.into, 'link'));
  expect(await codes(directory, join(restoring.into, 'link'))).toBe(2);
  expect(await codes(directory, join(parent, 'no', 'parent'))).toBe(6);
  expect(await codes(directory, '/proc/restored')).toBe(6);
  expect(await codes(directory, 's3://bucket/prefix')).toBe(2);
  const id = join(directory, '.cloud-sync', 'archive.json');
  const text = await readFile(id, 'utf8');
  await writeFile(id, text.replace('"version":1', '"version":2'));
  const newer = await at(directory, restoring.into);
  await writeFile(id, text);
  expect(newer.exitCode).toBe(6);
  expect(newer.stderr).toContain('newer Cloud Sync');
  expect(existsSync(restoring.home)).toBe(false);
});

test('a file that no longer matches the claim of the cloud is restored and named', async () => {
  const [wrong = '', disputed = '', old = ''] = (await keysOf(scene)).filter((key) => key.endsWith('.jpg'));
  const manifest = join(directory, '.cloud-sync', 'manifest.jsonl');
  const text = await readFile(manifest, 'utf8');
  const changes: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
    [wrong]: { claim: 's3-etag:00000000000000000000000000000000' },
    [disputed]: { proof: 'disputed' },
    // As a version without claims would have written it.
    [old]: { claim: undefined, proof: undefined, 'claim-part-bytes': undefined },
  };
  const changed = text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = JSON.parse(line) as { readonly key: string };
      return `${JSON.stringify({ ...fields, ...changes[fields.key] })}\n`;
    });
  await writeFile(manifest, changed.join(''));
  onTestFinished(async () => writeFile(manifest, text));
  await using restoring = await openRestoring(scene.place);
  const run = await restoring.restore();
  expectExit(run, 1);
  const all = await keysOf(scene);
  expect(run.restored).toMatchObject({ files: all.length, proven: all.length - 2, mismatched: 1, failed: 0 });
  const proofs = new Map(eventsOf(run, 'file.restored').map(({ key, proof }) => [key, proof]));
  expect([wrong, disputed, old].map((key) => proofs.get(key))).toEqual(['disputed', 'disputed', 'proven']);
  expect(eventsOf(run, 'warning').map(({ message }) => message)).toEqual([expect.stringContaining(wrong)]);
  expect(sorted(await restoring.files())).toEqual(sorted(await scene.place.files()));
});
