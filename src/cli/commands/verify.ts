import type { Config } from '../../config/load.ts';
import { systemClock } from '../../lib/clock.ts';
import { createDigests } from '../../lib/digest/index.ts';
import { verify } from '../../run/verify.ts';
import type { ClaimPorts } from '../../run/verify/ask-for-claims.ts';
import { allowsPlainHttp } from '../../source/gopro/defaults.ts';
import { createAccounting } from '../../transfer/accounting.ts';
import { openArchive } from '../archive/open-archive.ts';
import { rollingDays } from '../archive/rolling-days.ts';
import type { Context } from '../command.ts';
import { leaseSettings } from '../archive/lease-settings.ts';
import { keepHeapSmall } from '../heap.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { reportRun } from '../output/report-run.ts';
import { openPorts, type OpenPorts } from '../ports.ts';
import { loadCredentialsAndWarn } from '../provider.ts';

export async function runVerify(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  const { to, deep, claims } = config.settings;
  parsePlace(to);
  const options = { lease: leaseSettings(config, log), deep, rollingDays: rollingDays(config.settings) };
  return reportRun(context, 'verify', async (report) => {
    const credentials = claims ? await loadCredentialsAndWarn(context) : undefined;
    await using archive = await openArchive(config, 'read', report);
    await using asking = credentials && (await openPorts(config, archive, credentials, report));
    await using held = new AsyncDisposableStack();
    const digests = held.adopt(createDigests(), (one) => one.close());
    const provider = asking && claimPorts(config, asking);
    const { destination, tracker } = archive;
    const ports = { destination, tracker, provider, digests, clock: systemClock, report };
    using _heap = keepHeapSmall();
    const finished = await verify(ports, { ...options, signal: interruption.signal });
    if (finished.exitCode <= 1) await asking?.rememberMode().catch(() => {});
    return finished;
  });
}

function claimPorts({ settings }: Config, { source, http, apiRequests }: OpenPorts): ClaimPorts {
  return {
    source,
    http,
    apiRequests,
    accounting: createAccounting(systemClock, { media: 0, sizeHintBytes: 0 }),
    stallMs: settings['stall-timeout-ms'],
    plainHttp: allowsPlainHttp(settings['gopro-api-url']),
  };
}
