import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../../config/load.ts';
import { SyncError } from '../../../errors.ts';
import { systemClock } from '../../../lib/clock.ts';
import { describeSystemError } from '../../../lib/files/system-error.ts';
import { judgeProcess } from '../../../lib/process.ts';
import { changeKnownArchives, isPlainId, readKnownArchives, trackerPath } from '../../archive/known-archives.ts';
import type { Context } from '../../command.ts';
import { knownLocation } from './known-location.ts';

/** Makes the home forget an archive. The files of the archive stay as they are. */
export async function runArchivesRemove(context: Context): Promise<number> {
  const { config, stdout } = context;
  const { location, archiveId } = await knownLocation(config, context.arguments[0]!);
  const others = Object.entries(readKnownArchives(config.home)).filter(([place, id]) => id === archiveId && place !== location);
  const folder = others.length === 0 && isPlainId(archiveId) ? dirname(await trackerPath(config.home, archiveId)) : undefined;
  if (folder !== undefined) await refuseWhileUsed(config, archiveId);
  if (!(await confirm(location, context))) {
    stdout.write('Nothing was changed.\n');
    return 0;
  }
  await changeKnownArchives(config.home, (known) => {
    const { [location]: _, ...rest } = known;
    return rest;
  });
  if (folder !== undefined) removeFolder(folder);
  stdout.write(`This home has forgotten the archive at ${location}. Its files are still there.\n`);
  return 0;
}

/** Errors: LOCKED if a run works on the archive. */
async function refuseWhileUsed({ home }: Config, archiveId: string): Promise<void> {
  const { openSqliteTracker } = await import('../../../tracker/sqlite/index.ts');
  const options = { path: await trackerPath(home, archiveId), archiveId, clock: systemClock };
  const tracker = await openSqliteTracker(options).catch(() => undefined);
  if (!tracker) return;
  try {
    const { record } = await tracker.lease.read();
    if (!record || record.released || !record.process || judgeProcess(record.process) === 'ended') return;
    throw new SyncError('LOCKED', `${record.owner} works on this archive`, { hint: 'Wait until that run has ended.' });
  } finally {
    await tracker.close();
  }
}

/** Errors: USAGE if nobody can answer. */
async function confirm(location: string, { config, stdin, stderr, interruption }: Context): Promise<boolean> {
  if (config.settings.yes) return true;
  const lost = 'What was accepted, and why files failed, is forgotten with it. The files of the archive stay.';
  if (!stdin.isTTY) {
    const hint = `${lost} Add --yes to do it without a question.`;
    throw new SyncError('USAGE', `there is no terminal to ask whether to forget the archive at ${location}`, { hint });
  }
  const { promptYes } = await import('../../prompt.ts');
  return promptYes(`${lost}\nForget the archive at ${location}?`, { stdin, stderr, signal: interruption.signal });
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    throw new SyncError('CONFIG_UNREADABLE', `cannot remove ${folder}: ${describeSystemError(error)}`, {
      hint: 'Remove the folder by hand. It holds only the tracker.',
      cause: error,
    });
  }
}
