/** File systems that lack what ext4 has, and that say so in their own ways. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { photo, video } from '../../src/sim/gopro/library/shapes.ts';
import { eventsOf } from '../support/cli.ts';
import type { ForeignDisk } from '../support/foreign-disk.ts';
import { openDiskPlace, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';

const shim = new URL('../support/foreign-disk.ts', import.meta.url).href;

async function openOn(disk: Omit<ForeignDisk, 'root'>, library: ReturnType<typeof createLibrary>): Promise<Scene<DiskPlace>> {
  const place = await openDiskPlace();
  const environment = {
    NODE_OPTIONS: `--import=${shim}`,
    FOREIGN_DISK: JSON.stringify({ ...disk, root: place.directory } satisfies ForeignDisk),
  };
  return openScene({ library, place, environment });
}

async function draftsOf({ place }: Scene<DiskPlace>): Promise<string[]> {
  return readdir(join(place.directory, '.cloud-sync', 'partial'));
}

test.concurrent('a run fills an archive on a file system without hard links, whatever it calls the refusal', async () => {
  const maker = createMediaMaker('no-links');
  const library = createLibrary([...Array.from({ length: 6 }, () => maker.photo()), maker.video(1_500_000)]);
  const codes = ['EISDIR', 'EACCES', 'EINVAL', 'EPERM', 'ENOTTY', 'EBADF', 'Unknown system error -524'];
  await using scene = await openOn({ link: codes }, library);
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
  expect(await draftsOf(scene)).toEqual([]);
  expectExit(await scene.verify('--deep'), 0);
});

test.concurrent('two runs fill an archive on a file system that refuses all that is not necessary', async () => {
  const maker = createMediaMaker('refuses');
  const library = createLibrary([maker.photo(), maker.video(1_500_000)]);
  const odd = {
    link: ['ENOSYS'],
    directoryOpen: 'EACCES',
    existing: 'EROFS',
    renameOver: 'EEXIST',
    truncate: 'ENOTSUP',
    utimes: 'EPERM',
    links: 0,
    statfs: { blocks: 0, bsize: 0, bavail: 0 },
  };
  await using scene = await openOn(odd, library);
  expectExit(await scene.sync('--hash', 'sha256'), 0);
  library.add(maker.photo());
  expectExit(await scene.sync('--hash', 'sha256'), 0);
  await scene.expectComplete();
  expect(await draftsOf(scene)).toEqual([]);
  expectExit(await scene.verify('--deep'), 0);
});

test.concurrent('a file beyond the largest size fails after one fetch, frees its space, and the others are archived', async () => {
  const maker = createMediaMaker('size');
  const large = maker.video(partBytes + 3_000_000);
  const library = createLibrary([maker.photo(), maker.video(1_500_000), large]);
  await using scene = await openOn({ maxFileBytes: partBytes }, library);
  const run = await scene.sync('--concurrency', '1');
  expectExit(run, 1);
  expect(eventsOf(run, 'file.failed')).toEqual([expect.objectContaining({ mediaId: large.id, code: 'TOO_LARGE' })]);
  expect(run.finished.files).toMatchObject({ archived: 2, failed: 1 });
  expect(run.finished.bytes.fetched).toBeLessThanOrEqual(60_000 + 1_500_000 + partBytes + 3_000_000);
  expect(await draftsOf(scene)).toEqual([]);
});

test.concurrent('a file that FAT cannot hold and a name that is too long fail before a byte is fetched', async () => {
  const maker = createMediaMaker('fat');
  const huge = video(maker.spec('MP4'), 2 ** 32);
  const long = photo({ ...maker.spec('JPG'), filename: `${'x'.repeat(150)}.JPG` }, 60_000);
  const library = createLibrary([maker.photo(), huge, long]);
  await using scene = await openOn({ statfs: { type: 0x4d44 }, maxNameBytes: 143 }, library);
  const run = await scene.sync();
  expectExit(run, 1);
  const failures = eventsOf(run, 'file.failed').map(({ mediaId, code }) => `${mediaId} ${code}`);
  expect(failures.toSorted()).toEqual([`${huge.id} TOO_LARGE`, `${long.id} STORE_REFUSED`].toSorted());
  expect(run.finished.bytes).toEqual({ archived: 60_000, fetched: 60_000 });
});
