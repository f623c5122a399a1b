import { systemClock } from '../../lib/clock.ts';
import { verify } from '../../run/verify.ts';
import { openArchive } from '../archive/open-archive.ts';
import type { Context } from '../command.ts';
import { leaseSettings } from '../archive/lease-settings.ts';
import { keepHeapSmall } from '../heap.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { reportRun } from '../output/report-run.ts';

export async function runVerify(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  parsePlace(config.settings.to);
  return reportRun(context, 'verify', async (report) => {
    await using archive = await openArchive(config, 'read', report);
    const ports = { destination: archive.destination, tracker: archive.tracker, clock: systemClock, report };
    const lease = leaseSettings(config, log);
    using _heap = keepHeapSmall();
    return await verify(ports, { lease, deep: config.settings.deep, signal: interruption.signal });
  });
}
