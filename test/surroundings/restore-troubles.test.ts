/** `restore` from places and into places that are not as they should be. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { encodeDescription } from '../../src/destination/description.ts';
import { description, original } from '../support/builders.ts';
import { eventsOf } from '../support/cli.ts';
import { placeKinds, type DiskPlace, type S3Place } from '../support/places.ts';
import { bytesIn, failuresOf, keysOf, openRestoring, openSmallArchive, sorted } from '../support/restoring.ts';
import { expectExit } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

const mib = 1024 * 1024;

test('bytes of an earlier run that the disk has lost are read again', async () => {
  const scene = await openSmallArchive('disk', 'stale');
  await using restoring = await openRestoring(scene.place);
  const running = restoring.start([], {
    NODE_OPTIONS: `--import=${new URL('../support/small-disk.ts', import.meta.url).href}`,
    SMALL_DISK: restoring.into,
    SMALL_DISK_BYTES: String(3 * mib),
    SMALL_DISK_ERROR: 'EDQUOT',
  });
  expect((await running.ended).exitCode).toBe(6);
  const partial = join(restoring.into, '.cloud-sync', 'partial');
  const [draft = ''] = await readdir(partial);
  const { size } = await stat(join(partial, draft));
  expect(size).toBeGreaterThan(0);
  await writeFile(join(partial, draft), Buffer.alloc(size));
  const run = await restoring.restore();
  expectExit(run, 0);
  expect(sorted(await restoring.files())).toEqual(sorted(await scene.place.files()));
});

test('a full disk ends the restore with exit code 6, and the next run restores the rest', async () => {
  const scene = await openSmallArchive('disk', 'full');
  await using restoring = await openRestoring(scene.place);
  const archived = new Map((await scene.place.files()).map((file) => [file.key, file]));
  const shim = new URL('../support/small-disk.ts', import.meta.url).href;
  const full = { NODE_OPTIONS: `--import=${shim}`, SMALL_DISK: restoring.into, SMALL_DISK_BYTES: String(2 * mib) };
  const run = await restoring.run(full);
  expect({ exitCode: run.exitCode, code: run.finished.error?.code }).toEqual({ exitCode: 6, code: 'DESTINATION_FULL' });
  expect(run.finished.error?.message).toContain(restoring.into);
  for (const file of await restoring.files()) expect(file).toEqual(archived.get(file.key));
  const again = await restoring.restore();
  expectExit(again, 0);
  expect(again.restored.skipped).toBe(run.restored.files);
  expect(sorted(await restoring.files())).toEqual(sorted([...archived.values()]));
});

describe('an archive with damage', () => {
  test.each(placeKinds)('damaged and missing files on %s are named, and the rest is restored', async (kind) => {
    const scene = await openSmallArchive(kind, 'damage');
    await using restoring = await openRestoring(scene.place);
    const keys = await keysOf(scene);
    const [damaged = '', gone = ''] = keys.filter((key) => key.includes('_0'));
    await scene.place.damage(damaged, 5);
    await scene.place.remove(gone);
    const run = await restoring.restore();
    expectExit(run, 1);
    const isDisk = kind === 'disk';
    expect(failuresOf(run)).toEqual([`CHECKSUM_MISMATCH ${damaged}`, ...(isDisk ? [`FILE_MISSING ${gone}`] : [])]);
    // On S3 the description vanished with the object, so only the number of files is known.
    expect(run.restored).toMatchObject({ files: keys.length - 2, failed: isDisk ? 2 : 1, missing: isDisk ? 0 : 1 });
    expect(eventsOf(run, 'medium.incomplete')).toHaveLength(isDisk ? 0 : 1);
    expect((await restoring.files()).map(({ key }) => key)).not.toContain(damaged);
  });

  test('a folder of the archive that leads elsewhere is named, and the rest is restored', async () => {
    const scene = await openSmallArchive('disk', 'leads-out');
    const { directory } = scene.place as DiskPlace;
    await using restoring = await openRestoring(scene.place);
    const keys = await keysOf(scene);
    const [elsewhere = ''] = keys.filter((key) => key.endsWith('.mp4'));
    const month = join(directory, dirname(elsewhere));
    const moved = join(dirname(directory), 'moved');
    await rename(month, moved);
    await symlink(moved, month);
    const inside = keys.filter((key) => dirname(key) === dirname(elsewhere));
    const run = await restoring.restore();
    expectExit(run, 1);
    expect(failuresOf(run)).toEqual(inside.map((key) => `DESTINATION_UNUSABLE ${key}`));
    expect(run.restored).toMatchObject({ files: keys.length - inside.length, failed: inside.length });
  });

  test('objects that are frozen or denied are named, and the rest is restored', async () => {
    const scene = await openSmallArchive('s3', 'frozen');
    const { store } = scene.place as S3Place;
    await using restoring = await openRestoring(scene.place);
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
    const run = await restoring.restore();
    expectExit(run, 1);
    expect(failuresOf(run)).toEqual([`STORE_REFUSED ${denied}`, `STORE_REFUSED ${hidden}`, `UNREADABLE ${frozen}`].toSorted());
    expect(run.restored).toMatchObject({ files: keys.length - 3, failed: 3 });
    expect(eventsOf(run, 'file.failed').find(({ key }) => key === frozen)?.hint).toContain('cloud-sync thaw');
    store.changeClass('archive', `my/videos/${frozen}`, 'STANDARD');
    store.faults.length = 0;
    expectExit(await restoring.restore(), 0);
  });

  test('an archive that lost its descriptions is not called empty', async () => {
    const scene = await openSmallArchive('disk', 'undescribed');
    await using restoring = await openRestoring(scene.place);
    await rm(join((scene.place as DiskPlace).directory, '.cloud-sync', 'manifest.jsonl'));
    await scene.place.addForeign('notes.txt', 'mine');
    const run = await restoring.restore();
    expectExit(run, 1);
    expect(run.restored).toMatchObject({
      files: 0,
      unknown: (await keysOf(scene)).length,
      undescribed: (await keysOf(scene)).length - 1,
    });
  });

  test('a damaged revision on S3 that a repair replaced is no failure', async () => {
    const scene = await openSmallArchive('s3', 'superseded');
    await using restoring = await openRestoring(scene.place);
    const [damaged = ''] = await keysOf(scene);
    await scene.place.damage(damaged, 5);
    expectExit(await scene.verify('--deep'), 1);
    expectExit(await scene.sync(), 0);
    const run = await restoring.restore();
    expectExit(run, 0);
    expect(run.restored).toMatchObject({ superseded: 1, failed: 0 });
    expect(eventsOf(run, 'file.superseded').map(({ key }) => key)).toEqual([damaged]);
  });
});

test('keys that are not possible everywhere become safe, and a file without a checksum is counted', async () => {
  const scene = await openSmallArchive('s3', 'hostile');
  const { store } = scene.place as S3Place;
  const credentials = { accessKeyId: 'other', secretAccessKey: 'other' };
  const checksums = { requestChecksumCalculation: 'WHEN_REQUIRED' } as const;
  const client = new S3Client({ endpoint: store.endpoint, region: 'us-east-1', forcePathStyle: true, credentials, ...checksums });
  const keys = [
    'CON.mp4',
    'a:b?.mp4',
    '.cloud-sync-x/y.mp4',
    '.cloud-sync',
    `${'x'.repeat(300)}.mp4`,
    'dots../..a',
    'A.mp4',
    'a.mp4',
  ];
  const right = createHash('md5').update('a.mp4').digest('hex');
  const claims: Readonly<Record<string, string>> = { 'A.mp4': `s3-etag:${right}`, 'a.mp4': `s3-etag:${right}` };
  for (const [index, key] of keys.entries()) {
    const claim = claims[key] ?? null;
    const evidence = { claim, proof: 'proven', claimPartBytes: null } as const;
    const Metadata = encodeDescription({ ...description(original(`medium-${index}`)), evidence });
    await client.send(new PutObjectCommand({ Bucket: 'archive', Key: `my/videos/${key}`, Body: key, Metadata }));
  }
  client.destroy();
  await using restoring = await openRestoring(scene.place);
  const run = await restoring.restore();
  expectExit(run, 1);
  const possible = (await keysOf(scene)).length - keys.length;
  expect(run.restored).toMatchObject({ files: possible + keys.length, renamed: keys.length - 1, failed: 0 });
  // The claim of one file is right, so it needs no checksum. That of another one is wrong.
  expect(run.restored).toMatchObject({ uncompared: keys.length - 1, mismatched: 1 });
  expect(await restoring.names()).toContain('A.mp4');
  expect(await restoring.names()).not.toContain('.cloud-sync');
  const paths = eventsOf(run, 'file.renamed').map(({ key, path }) => ({ key, path }));
  for (const { key, path } of paths) expect(await readFile(path, 'utf8'), key).toBe(key);
  expect((await restoring.restore()).restored).toMatchObject({ files: 0, skipped: possible + keys.length, failed: 0 });
});

test('a second restore into the same directory ends with exit code 4, and a killed one leaves no lock', async () => {
  const scene = await openSmallArchive('s3', 'two');
  const { store } = scene.place as S3Place;
  const [slow = ''] = await keysOf(scene);
  store.faults.push({ match: { operation: 'GetObject', keyPart: slow }, action: { kind: 'stall', before: 'reply' } });
  await using restoring = await openRestoring(scene.place);
  const running = restoring.start(['--lease-term-ms', '1000']);
  await waitUntil(
    'bytes of a restore',
    () => bytesIn(join(restoring.into, '.cloud-sync', 'partial')) > 0 || running.stdout().includes('file.restored'),
  );
  const second = await restoring.restore();
  expect(second.exitCode).toBe(4);
  expect(second.finished).toMatchObject({ outcome: 'locked', error: { code: 'LOCKED' } });
  expect(second.finished.error?.message).toContain(restoring.into);
  running.kill('SIGKILL');
  await running.ended;
  store.faults.length = 0;
  expectExit(await restoring.restore(), 0);
});

test('bytes that change on the way are read again', async () => {
  const scene = await openSmallArchive('s3', 'on-the-way');
  const { store } = scene.place as S3Place;
  const [key = ''] = await keysOf(scene);
  await scene.place.damage(key, 5);
  store.faults.push({
    match: { operation: 'GetObject', keyPart: key, attempt: 2 },
    action: { kind: 'error', code: 'SlowDown', retryAfterSeconds: 1 },
  });
  await using restoring = await openRestoring(scene.place);
  const running = restoring.start();
  await waitUntil('the end of the first reading', () => running.stdout().includes('file.restarted'));
  // A second flip gives the right byte back.
  await scene.place.damage(key, 5);
  const run = await running.ended;
  expectExit(run, 0);
  expect(eventsOf(run, 'file.restarted')).toMatchObject([{ key, code: 'CHECKSUM_MISMATCH' }]);
  expect(sorted(await restoring.files())).toEqual(sorted(await scene.place.files()));
});

test('a directory that vanishes is not created again, because its disk may be gone', async () => {
  const scene = await openSmallArchive('s3', 'vanished');
  const { store } = scene.place as S3Place;
  const [slow = '', ...others] = await keysOf(scene);
  store.faults.push({ match: { operation: 'GetObject', keyPart: slow }, action: { kind: 'stall', before: 'reply' } });
  await using restoring = await openRestoring(scene.place);
  const running = restoring.start(['--lease-term-ms', '1000']);
  await waitUntil('all other files', () => running.stdout().split('"file.restored"').length > others.length);
  await rename(restoring.into, `${restoring.into}-elsewhere`);
  expect((await running.ended).exitCode).toBe(4);
  expect(existsSync(restoring.into)).toBe(false);
});

test('a run that was paused while another one took over ends with exit code 4 and changes no file', async () => {
  const scene = await openSmallArchive('s3', 'paused');
  const { store } = scene.place as S3Place;
  const [slow = ''] = await keysOf(scene);
  store.faults.push({ match: { operation: 'GetObject', keyPart: slow }, action: { kind: 'stall', before: 'reply' } });
  await using restoring = await openRestoring(scene.place);
  const paused = restoring.start(['--lease-term-ms', '1000']);
  await waitUntil('a restored file', () => paused.stdout().includes('file.restored'));
  paused.kill('SIGSTOP');
  store.faults.length = 0;
  expectExit(await restoring.restore(), 0);
  paused.kill('SIGCONT');
  expect((await paused.ended).exitCode).toBe(4);
  expect(sorted(await restoring.files())).toEqual(sorted(await scene.place.files()));
});
