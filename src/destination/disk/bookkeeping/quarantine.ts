import { unlink } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { exists, ignoring } from '../files.ts';
import { nameIfFree, type Naming } from './names.ts';
import type { Tree } from '../tree.ts';

/**
 * Moves the file at `key` to the same path below `.cloud-sync/quarantine`, and adds the date if
 * that path is taken. Returns the new path, relative to the archive's root, with `/` as the
 * separator. A crash may leave the file at both paths.
 */
export async function moveToQuarantine(tree: Tree, naming: Naming, key: string, clock: Clock): Promise<string> {
  const from = await tree.locate(key);
  if (!(await exists(from))) throw new SyncError('STORE_FAILED', `${from} is no longer there`);
  const date = isoTime(clock.now()).replaceAll(/[-:]|\.\d+/g, '');
  for (let attempt = 0; ; attempt += 1) {
    const suffix = ['', `.${date}`][attempt] ?? `.${date}-${attempt}`;
    const to = await tree.prepare(key + suffix, tree.own('quarantine'));
    if (!(await nameIfFree(naming, from, to))) continue;
    await tree.syncNamesBeside(to);
    await unlink(from).catch(ignoring('ENOENT'));
    await tree.syncNamesBeside(from);
    return relative(tree.root, to).replaceAll(sep, '/');
  }
}
