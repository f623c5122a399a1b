import { systemClock } from '../../lib/clock.ts';
import { thisOwner } from '../../lib/owner.ts';
import { verify } from '../../run/verify.ts';
import { openArchive } from '../archive/open-archive.ts';
import type { Context } from '../command.ts';
import { createDeadHolderCheck } from '../archive/lease-holder.ts';
import { keepHeapSmall } from '../heap.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { reportRun } from '../output/report-run.ts';

export async function runVerify(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  parsePlace(config.settings.to);
  return reportRun(context, async (report) => {
    await using archive = await openArchive(config, 'read', report);
    const ports = { destination: archive.destination, tracker: archive.tracker, clock: systemClock, report };
    const isDead = createDeadHolderCheck(log.warn);
    using _heap = keepHeapSmall();
    return await verify(ports, { ownerOf: thisOwner, isDead, deep: config.settings.deep, signal: interruption.signal });
  });
}
