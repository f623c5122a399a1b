import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient, type SFNClientConfig } from '@aws-sdk/client-sfn';

/**
 * The run lease of an execution. Its owner is the execution's ARN, for as long as the machine lets
 * it run.
 */

/** The machine's time-out, in ms. A lease that is not released expires then. */
const maxRunMs = 12 * 3_600_000;

/**
 * How long from now a run lease is valid, for a run that began at `startedAt` (ISO 8601). In ms.
 */
export function leaseLeftMs(startedAt: string, nowMs: number): number {
  return Math.max(0, Date.parse(startedAt) + maxRunMs - nowMs);
}

const executionArn = /^arn:[\w-]+:states:([\w-]+):\d{12}:execution:[^:]+:[^:]+$/;

interface ExecutionChecks extends SFNClientConfig {
  /** Called when AWS did not say whether the holder runs. `reason` is the error. */
  readonly onUnanswered?: (holder: string, reason: string) => void;
}

/**
 * Whether the holder of a run lease is an execution that surely no longer runs, because it ended or
 * AWS has forgotten it. Every other holder counts as alive until its lease expires, also an
 * execution that AWS gives no answer about.
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
