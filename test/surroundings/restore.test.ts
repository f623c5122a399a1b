/** A restore onto file systems that hold less than others. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { photo } from '../../src/sim/gopro/library/shapes.ts';
import { fileOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import type { ForeignDisk } from '../support/foreign-disk.ts';
import { failuresOf, openRestoring } from '../support/restoring.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const mib = 1024 * 1024;
const shim = new URL('../support/foreign-disk.ts', import.meta.url).href;

/** The environment of a process in which the directory `root` is on a foreign file system. */
function foreignDisk(disk: ForeignDisk): Record<string, string> {
  return { NODE_OPTIONS: `--import=${shim}`, FOREIGN_DISK: JSON.stringify(disk) };
}

test('long names become short and are named, too large files fail alone, and a second run finds the rest', async () => {
  const maker = createMediaMaker('limits');
  const named = photo({ ...maker.spec('JPG'), filename: `${'long '.repeat(40)}.JPG` }, 5_000);
  const film = maker.video(2 * mib);
  await using scene = await openScene({ library: createLibrary([named, maker.photo(), film]), inProcess: true });
  expectExit(await scene.sync(), 0);
  const keyOf = async ({ id }: { readonly id: string }) => fileOf(await scene.place.files(), id).key;
  await using restoring = await openRestoring(scene.place);
  const limits = { maxNameBytes: 143, maxFileBytes: mib, link: ['EPERM'], utimes: 'EPERM' };
  const environment = foreignDisk({ root: restoring.into, ...limits });
  const run = await restoring.run(environment);
  expectExit(run, 1);
  expect(failuresOf(run)).toEqual([`TOO_LARGE ${await keyOf(film)}`]);
  const [renamed] = eventsOf(run, 'file.renamed');
  expect(renamed).toMatchObject({ mediaId: named.id, key: await keyOf(named) });
  expect(Buffer.byteLength(basename(renamed?.path ?? ''))).toBeLessThanOrEqual(140);
  expect(existsSync(renamed?.path ?? '')).toBe(true);
  expect((await restoring.run(environment)).restored).toMatchObject({ files: 0, skipped: 2, failed: 1, renamed: 1 });
});
