import { isDead } from '../../lib/owner.ts';
import type { Log } from '../../lib/log.ts';

const hint = 'Allow states:DescribeExecution, or wait until the lease of the execution ends, 12 hours after its start.';

/**
 * Creates a function that tells whether the holder of a lease has certainly ended. A holder is a
 * process of this machine or an execution on AWS. If AWS gives no answer, the holder counts as
 * alive.
 */
export function createDeadHolderCheck(warn: Log['warn']): (holder: string) => Promise<boolean> {
  return async (holder) => {
    if (!holder.startsWith('arn:')) return isDead(holder);
    const { executionChecks } = await import('../../aws/platform/execution-lease.ts');
    return executionChecks({
      onUnanswered: (execution, reason) => warn(`cannot find out whether ${execution} still runs: ${reason}`, hint),
    })(holder);
  };
}
