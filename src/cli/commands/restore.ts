import { stat } from 'node:fs/promises';
import { resolveDirectory } from '../../config/system.ts';
import { openTarget } from '../../destination/disk/target/index.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { createDigests } from '../../lib/digest/index.ts';
import { parseFilters } from '../../plan/filter.ts';
import { restore } from '../../run/restore.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { createDirectory, requireParent } from '../archive/create-directory.ts';
import { leaseSettings } from '../archive/lease-settings.ts';
import { openToRead } from '../archive/open-to-read.ts';
import { refuseOverlap } from '../archive/refuse-overlap.ts';
import type { Context } from '../command.ts';
import { keepHeapSmall } from '../heap.ts';
import { reportRun } from '../output/report-run.ts';

/** Restores files of an archive. Reads neither the trackers nor the known archives of the home. */
export async function runRestore(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  const { settings } = config;
  const place = parsePlace(settings.from, '--from');
  const into = parseInto(settings.into);
  const filters = parseFilters(settings);
  await refuseOverlap(into, place.kind === 'directory' ? place.path : undefined);
  return reportRun(context, 'restore', async (report) => {
    const archive = await openToRead(place, config, report);
    const target = openTarget(into, { clock: systemClock });
    const digests = createDigests();
    try {
      await prepareInto(into, settings['dry-run']);
      using _heap = keepHeapSmall();
      return await restore(
        { archive, target, digests, clock: systemClock, report },
        {
          lease: leaseSettings(config, log),
          filters: Object.keys(filters).length === 0 ? undefined : filters,
          words: context.arguments,
          flat: settings.flat,
          dryRun: settings['dry-run'],
          wait: settings.wait && !settings['dry-run'],
          concurrency: settings.concurrency,
          signal: interruption.signal,
        },
      );
    } finally {
      await Promise.all([target.close(), archive.close(), digests.close()]);
    }
  });
}

function parseInto(into: string | undefined): string {
  const hint = 'Give a directory such as ./restored.';
  if (into === undefined) throw new SyncError('USAGE', '--into is missing, so no directory is named', { hint });
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(into)?.[1];
  if (scheme !== undefined) throw new SyncError('USAGE', `--into ${into}: files cannot be restored to ${scheme}:`, { hint });
  return resolveDirectory(into);
}

/**
 * Creates only the last directory of the path, because the disk of a missing parent may not be
 * mounted.
 */
async function prepareInto(into: string, dryRun: boolean): Promise<void> {
  const found = await stat(into).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw new SyncError('DESTINATION_UNUSABLE', `${into} is not a directory`, { hint: 'Choose a directory for the files.' });
  }
  if (!found) await requireParent(into);
  if (!found && !dryRun) await createDirectory(into);
}
