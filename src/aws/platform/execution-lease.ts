import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient, type SFNClientConfig } from '@aws-sdk/client-sfn';

/** The run lease of an execution: owned by its ARN, for as long as the machine lets it run. */

/** The machine's time-out, in ms: a lease that is not released ends then. */
const longestRunMs = 12 * 3_600_000;

/** How long from now the lease of a run holds that began at `startedAt` (ISO 8601). In ms. */
export function leaseLeftMs(startedAt: string, nowMs: number): number {
  return Math.max(0, Date.parse(startedAt) + longestRunMs - nowMs);
}

const executionArn = /^arn:[\w-]+:states:([\w-]+):\d{12}:execution:[^:]+:[^:]+$/;

interface ExecutionChecks extends SFNClientConfig {
  /** The holder could not be asked about; `reason` says why. */
  readonly onUnanswered?: (holder: string, reason: string) => void;
}

/**
 * Whether the holder of a run lease is an execution that certainly no longer runs: it ended, or AWS
 * has forgotten it. Any other holder, and an execution that cannot be asked about, counts as alive:
 * its lease expires.
 */
export function executionChecks({ onUnanswered, ...config }: ExecutionChecks = {}): (holder: string) => Promise<boolean> {
  return async (holder) => {
    const region = executionArn.exec(holder)?.[1];
    if (region === undefined) return false;
    const client = new SFNClient({ ...config, region });
    try {
      const { status } = await client.send(new DescribeExecutionCommand({ executionArn: holder }));
      return status !== 'RUNNING';
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return true;
      onUnanswered?.(holder, error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      client.destroy();
    }
  };
}
