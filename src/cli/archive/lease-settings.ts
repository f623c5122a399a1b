import { hostname } from 'node:os';
import type { Config } from '../../config/load.ts';
import type { Log } from '../../lib/log.ts';
import { hasEnded, thisProcess } from '../../lib/process.ts';
import type { LeaseSettings } from '../../run/lease-archive.ts';

const hint = 'Allow states:DescribeExecution, or wait until the lease of the execution ends, 13 hours after its start.';

/** Returns how this process takes leases, and how it judges the holders of leases. */
export function leaseSettings(config: Config, log: Log): LeaseSettings {
  const { settings } = config;
  return {
    holder: { owner: `process ${process.pid} on ${hostname()}`, process: thisProcess(), deadline: null },
    termMs: settings['lease-term-ms'],
    judge: async (record, reading) => {
      if (record.process) return hasEnded(record.process) ? 'ended' : 'unproven';
      if (!record.owner.startsWith('arn:')) return 'unproven';
      const { judgeExecution } = await import('../../aws/platform/execution-lease.ts');
      const { clientOptions } = await import('../aws/errors.ts');
      return judgeExecution(record, reading, {
        ...clientOptions(config),
        onUnanswered: (execution, reason) => log.warn(`cannot find out whether ${execution} still runs: ${reason}`, hint),
      });
    },
  };
}
