import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { metricNamespace } from '../src/aws/platform/metrics.ts';
import type { MetricName } from '../src/aws/platform/metrics.ts';
import type { Stage } from '../src/config/stages.ts';
import type { Provider } from '../src/media.ts';

const provider: Provider = 'gopro';

/**
 * Returns a metric with exactly the dimensions that the functions write. With any other dimensions
 * the metric has no data.
 */
export function syncMetric(
  stage: Stage,
  metricName: MetricName,
  options: { readonly statistic: string; readonly period: Duration },
): cloudwatch.Metric {
  const dimensionsMap = { Provider: provider, Environment: stage };
  return new cloudwatch.Metric({ namespace: metricNamespace, metricName, dimensionsMap, ...options });
}

export type ExecutionMetric = 'ExecutionsSucceeded' | 'ExecutionsFailed' | 'ExecutionsTimedOut' | 'ExecutionsAborted';

/** Counts the runs that ended in the way that `metricName` names. */
export function executionMetric(machine: sfn.IStateMachine, metricName: ExecutionMetric, period: Duration): cloudwatch.Metric {
  const dimensionsMap = { StateMachineArn: machine.stateMachineArn };
  return new cloudwatch.Metric({ namespace: 'AWS/States', metricName, dimensionsMap, statistic: cloudwatch.Stats.SUM, period });
}
