import { isDead } from '../../lib/owner.ts';
import type { Log } from '../../lib/log.ts';

const hint = 'Allow states:DescribeExecution, or wait until its lease ends, 12 hours after its start.';

/**
 * Whether the holder of a lease certainly runs no more: a process of this machine, or an execution of a service on AWS, which has to be asked about.
 * One that cannot be asked about counts as alive.
 */
export function deadHolders(warn: Log['warn']): (holder: string) => Promise<boolean> {
  return async (holder) => {
    if (!holder.startsWith('arn:')) return isDead(holder);
    const { executionChecks } = await import('../../aws/platform/execution-lease.ts');
    return executionChecks({
      onUnanswered: (execution, reason) => warn(`whether ${execution} still runs cannot be told: ${reason}`, hint),
    })(holder);
  };
}
