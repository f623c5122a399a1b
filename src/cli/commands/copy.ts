import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseFilters } from '../../plan/filter.ts';
import { copy } from '../../run/copy.ts';
import { locationOf, parsePlace } from '../archive/archive-place.ts';
import { leaseSettings } from '../archive/lease-settings.ts';
import { openArchive } from '../archive/open-archive.ts';
import { openToRead } from '../archive/open-to-read.ts';
import { refuseNesting } from '../archive/refuse-overlap.ts';
import type { Context } from '../command.ts';
import { keepHeapSmall } from '../heap.ts';
import { reportRun } from '../output/report-run.ts';

/** Copies files of an archive into another archive. Reads no tracker of the first archive. */
export async function runCopy(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  const { settings } = config;
  const fromConfig = configOfFrom(config);
  const from = parsePlace(settings.from, '--from');
  const to = parsePlace(settings.to);
  const filters = parseFilters(settings);
  if (from.kind === 'directory' && to.kind === 'directory') await refuseNesting(from.path, to.path);
  const places = [await locationOf(from, fromConfig.settings['s3-endpoint']), await locationOf(to, settings['s3-endpoint'])];
  if (places[0] === places[1]) throw new SyncError('USAGE', `--from and --to are the same archive, ${places[0]}`, { hint });
  return reportRun(context, 'copy', async (report) => {
    const archive = await openToRead(from, fromConfig, report);
    try {
      await using opened = await openArchive(config, settings['dry-run'] ? 'plan' : 'fill', report);
      const { destination, tracker } = opened;
      if ((await archive.identify()) === tracker.archiveId) throw sameIdError(archive.location, destination.location);
      using _heap = keepHeapSmall();
      return await copy(
        { archive, destination, tracker, clock: systemClock, report },
        {
          lease: leaseSettings(config, log),
          filters: Object.keys(filters).length === 0 ? undefined : filters,
          words: context.arguments,
          dryRun: settings['dry-run'],
          concurrency: settings.concurrency,
          signal: interruption.signal,
        },
      );
    } finally {
      await archive.close();
    }
  });
}

const hint = 'Name two different places: --from is read, and --to gets the files.';

function sameIdError(from: string, to: string): SyncError {
  return new SyncError('ARCHIVE_UNKNOWN', `${from} and ${to} are the same archive: one is a copy of the other`, {
    hint: `If ${to} is a copy that another program made, delete its \`.cloud-sync/archive.json\`. Then this command gives it its own id and adopts its files.`,
  });
}

/** The store of `--from` may have another address and other credentials than that of `--to`. */
function configOfFrom(config: Config): Config {
  const { settings } = config;
  return {
    ...config,
    settings: {
      ...settings,
      's3-endpoint': settings['from-s3-endpoint'] ?? settings['s3-endpoint'],
      's3-region': settings['from-s3-region'] ?? settings['s3-region'],
      's3-path-style': settings['from-s3-path-style'] || settings['s3-path-style'],
      's3-profile': settings['from-s3-profile'] ?? settings['s3-profile'],
    },
  };
}
