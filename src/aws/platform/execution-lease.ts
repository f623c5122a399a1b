import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient, type SFNClientConfig } from '@aws-sdk/client-sfn';

/**
 * The run lease of an execution. The owner of the lease is the ARN of the execution. The lease
 * lasts as long as the machine lets the execution run.
 */

/** The machine's time-out in ms. A lease that nobody releases expires at the same time. */
const maxRunMs = 12 * 3_600_000;

/**
 * Returns for how many ms a run lease is still valid. `startedAt` is the start of the run in ISO
 * 8601.
 */
export function leaseLeftMs(startedAt: string, nowMs: number): number {
  return Math.max(0, Date.parse(startedAt) + maxRunMs - nowMs);
}

const executionArn = /^arn:[\w-]+:states:([\w-]+):\d{12}:execution:[^:]+:[^:]+$/;

interface ExecutionChecks extends SFNClientConfig {
  /** Called if AWS gives no answer about the holder. `reason` is the error message. */
  readonly onUnanswered?: (holder: string, reason: string) => void;
}

/**
 * Returns a function that checks whether the holder of a run lease is dead. A holder is dead if it
 * is an execution that has ended or that AWS has forgotten. Every other holder counts as alive
 * until its lease expires. If AWS gives no answer, an execution counts as alive too.
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
