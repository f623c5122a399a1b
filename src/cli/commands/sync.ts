import { sync } from '../../sync.ts';
import { openArchive } from '../archive/open-archive.ts';
import type { Context } from '../command.ts';
import { keepHeapSmall } from '../heap.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { openPorts, syncOptions } from '../ports.ts';
import { loadCredentialsAndWarn } from '../provider.ts';
import { reportRun } from '../output/report-run.ts';

export async function runSync(context: Context): Promise<number> {
  const { config } = context;
  parsePlace(config.settings.to);
  const options = syncOptions(context);
  return reportRun(context, options.dryRun ? 'dry-run' : 'sync', async (report) => {
    const credentials = await loadCredentialsAndWarn(context);
    await using archive = await openArchive(config, options.dryRun ? 'plan' : 'fill', report);
    await using ports = await openPorts(config, archive, credentials, report);
    using _heap = keepHeapSmall();
    const finished = await sync(ports, options);
    // This may fail without harm: a next run that already has the lease finds out the mode.
    if (finished.exitCode <= 1) await ports.rememberMode().catch(() => {});
    return finished;
  });
}
