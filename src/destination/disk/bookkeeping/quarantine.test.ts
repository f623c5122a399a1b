import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { useTestDisk } from '../../../../test/support/disk-archive.ts';
import { SyncError } from '../../../errors.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createTree } from '../tree.ts';
import type { Naming } from './names.ts';
import { moveToQuarantine, quarantinedCopy } from './quarantine.ts';

const place = useTestDisk();
const key = 'gopro-videos/2024/01/a.MP4';

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(place.path(name)), { recursive: true });
  await writeFile(place.path(name), text);
}

function naming(assertLease: Naming['assertLease'], hardLinks: Naming['hardLinks'] = 'auto'): Naming {
  return { hardLinks, assertLease, renameInTurn: async (action) => action() };
}

async function inQuarantine(): Promise<string[]> {
  const directory = dirname(place.path('.cloud-sync', 'quarantine', key));
  const names = await readdir(directory);
  return Promise.all(names.map(async (name) => readFile(`${directory}/${name}`, 'utf8')));
}

test.each(['auto', 'never'] as const)(
  'a run that stops before it moves a damaged file loses neither that file nor its replacement (hard links: %s)',
  async (hardLinks) => {
    const tree = createTree(place.root);
    await put(key, 'damaged');
    let isLost = false;
    const stopped = naming(async () => {
      if (isLost) throw new SyncError('LEASE_LOST', 'lost');
      isLost = true;
      await moveToQuarantine(
        tree,
        naming(async () => {}),
        key,
        systemClock,
      );
      await put(key, 'replacement');
    }, hardLinks);
    await expect(moveToQuarantine(tree, stopped, key, systemClock)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await readFile(place.path(key), 'utf8')).toBe('replacement');
    expect(await inQuarantine()).toEqual(['damaged']);
  },
);

test('a damaged file stays at its key if a folder of the quarantine is a symbolic link', async () => {
  const tree = createTree(place.root);
  await put(key, 'damaged');
  await mkdir(place.path('.cloud-sync', 'quarantine'));
  await mkdir(place.path('elsewhere'));
  await symlink(place.path('elsewhere'), place.path('.cloud-sync', 'quarantine', 'gopro-videos'));
  const always = naming(async () => {});
  await expect(moveToQuarantine(tree, always, key, systemClock)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
  expect(await readFile(place.path(key), 'utf8')).toBe('damaged');
  expect(await readdir(place.path('elsewhere'))).toEqual([]);
});

test('the latest of several copies is found, also of a file with a long name and of earlier versions', async () => {
  const tree = createTree(place.root);
  const always = naming(async () => {});
  for (const name of ['a.MP4', `${'ö'.repeat(120)}__medium.MP4`]) {
    const file = `gopro-videos/2024/01/${name}`;
    const aside = `.cloud-sync/quarantine/${file}`;
    expect(await quarantinedCopy(tree, file)).toBeUndefined();
    await put(aside, 'first');
    expect(await quarantinedCopy(tree, file)).toBe(aside);
    if (name === 'a.MP4') {
      await put(`${aside}.20240102T030405Z`, 'second');
      await put(`${aside}.20240102T030405Z-2`, 'third');
      expect(await quarantinedCopy(tree, file)).toBe(`${aside}.20240102T030405Z-2`);
    }
    for (let copies = 1; copies <= 2; copies += 1) {
      const clock = { ...systemClock, now: () => copies };
      await put(file, `damaged ${copies}`);
      const moved = await moveToQuarantine(tree, always, file, clock);
      expect(await quarantinedCopy(tree, file)).toBe(moved);
      expect(await readFile(place.path(moved), 'utf8')).toBe(`damaged ${copies}`);
    }
  }
});
