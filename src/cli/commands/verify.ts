import { systemClock } from '../../lib/clock.ts';
import { thisOwner } from '../../lib/owner.ts';
import { verify } from '../../verify.ts';
import { openArchive } from '../archive.ts';
import type { Context } from '../command.ts';
import { deadHolders } from '../dead-holders.ts';
import { keepHeapSmall } from '../heap.ts';
import { parsePlace } from '../place.ts';
import { reportRun } from '../reporting.ts';

export async function runVerify(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  parsePlace(config.settings.to);
  return reportRun(context, async (report) => {
    await using archive = await openArchive(config, 'read', report);
    const ports = { destination: archive.destination, tracker: archive.tracker, clock: systemClock, report };
    const isDead = deadHolders(log.warn);
    using _heap = keepHeapSmall();
    return await verify(ports, { ownerOf: thisOwner, isDead, deep: config.settings.deep, signal: interruption.signal });
  });
}
