import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { functionNames, type FunctionName } from '../src/aws/contract.ts';
import { oldAgeDays } from '../src/aws/functions/run-manager/credential-episodes.ts';
import type { Stage } from '../src/config/stages.ts';
import type { Alerts } from './alerts.ts';
import type { Context } from './context.ts';
import { executionMetric, syncMetric } from './metrics.ts';

export interface AlarmsOptions {
  readonly context: Context;
  readonly machine: sfn.IStateMachine;
  readonly functions: Readonly<Record<FunctionName, lambda.IFunction>>;
  readonly alerts: Alerts;
}

/** A metric and its alarm. */
interface Watch {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly metric: cloudwatch.IMetric;
  /** The alarm goes off at this value or above it. */
  readonly atLeast: number;
  /**
   * An alarm with `unhealthy` notifies a person, who has to act. An alarm with `shown` appears only
   * on the dashboard, because the run itself notifies the person.
   */
  readonly severity: 'unhealthy' | 'shown';
}

/** This period is short, so that the alarm goes off soon after a nightly event. */
const soon = Duration.minutes(5);
const hourly = Duration.hours(1);
const hoursWithoutRun = 26;
/**
 * Creates all alarms. Only two of them notify a person: the alarm for missing runs, and the
 * composite alarm for messages that wait for a person. A failed run sends its own notification, so
 * no alarm repeats that notification.
 */
export function createAlarms(scope: Construct, options: AlarmsOptions): readonly cloudwatch.Alarm[] {
  const watched = watches(options).map((watch) => ({ severity: watch.severity, alarm: createAlarm(scope, watch, options) }));
  const silence = createSilenceAlarm(scope, options);
  // The silence alarm is not part of the composite alarm. A waiting message can keep the composite
  // alarm on for days, and a composite alarm that is already on cannot report missing runs.
  silence.addAlarmAction(new SnsAction(options.alerts.topic));
  silence.addOkAction(new SnsAction(options.alerts.topic));
  const critical = watched.flatMap(({ severity, alarm }) => (severity === 'unhealthy' ? [alarm] : []));
  if (!options.context.emulator) {
    const composite = new cloudwatch.CompositeAlarm(scope, 'Unhealthy', {
      compositeAlarmName: alarmName(options, 'unhealthy'),
      alarmDescription: 'Cloud Sync needs a person. Look at the alarms in this composite: each names the reason.',
      alarmRule: cloudwatch.AlarmRule.anyOf(
        ...critical.map((alarm) => cloudwatch.AlarmRule.fromAlarm(alarm, cloudwatch.AlarmState.ALARM)),
      ),
    });
    composite.addAlarmAction(new SnsAction(options.alerts.topic));
    composite.addOkAction(new SnsAction(options.alerts.topic));
  }
  return [silence, ...watched.map(({ alarm }) => alarm)];
}

/** An alarm that goes off at the first data point and appears only on the dashboard. */
const shown = { atLeast: 1, severity: 'shown' } as const;

function watches({ context: { env: stage }, machine, functions, alerts }: AlarmsOptions): Watch[] {
  return [
    ...runWatches(machine),
    ...queueWatches(alerts),
    ...libraryWatches(stage),
    ...functionNames.flatMap((name) => functionWatches(name, functions[name])),
  ];
}

function runWatches(machine: sfn.IStateMachine): Watch[] {
  return [
    {
      id: 'RunFailed',
      name: 'run failed',
      description: 'A run ended early. Its notification says why.',
      metric: executionMetric(machine, 'ExecutionsFailed', soon),
      ...shown,
    },
    {
      id: 'RunTimedOut',
      name: 'run timed out',
      description: 'The time-out of the state machine stopped a run that had passed its own deadline.',
      metric: executionMetric(machine, 'ExecutionsTimedOut', soon),
      ...shown,
    },
    {
      id: 'RunAborted',
      name: 'run aborted',
      description: 'A person stopped a run.',
      metric: executionMetric(machine, 'ExecutionsAborted', soon),
      ...shown,
    },
  ];
}

function libraryWatches(stage: Stage): Watch[] {
  const sum = { statistic: cloudwatch.Stats.SUM, period: soon };
  return [
    {
      id: 'SignInRefused',
      name: 'sign-in refused',
      description: 'The provider refused the credentials. Copy new cookies and run `cloud-sync login gopro --to-secret`.',
      metric: syncMetric(stage, 'AuthenticationFailure', sum),
      ...shown,
    },
    {
      id: 'CookieAge',
      name: 'cookies are old',
      description: `The cookies are ${oldAgeDays} days old and may expire any day.`,
      metric: syncMetric(stage, 'CookieAge', { statistic: cloudwatch.Stats.MAXIMUM, period: hourly }),
      ...shown,
      atLeast: oldAgeDays,
    },
    {
      id: 'FilesFailed',
      name: 'files failed',
      description: 'Files could not be archived or are lost. `cloud-sync aws failures` says which the next run tries again.',
      metric: syncMetric(stage, 'SyncFailures', sum),
      ...shown,
    },
  ];
}

function queueWatches({ poisonQueue, scheduleQueue, notificationQueue }: Alerts): Watch[] {
  const left = 'Files failed too often and wait for a person. Run `cloud-sync aws retry` to try them again.';
  return [
    queueWatch(poisonQueue, 'Quarantined', 'files quarantined', left),
    queueWatch(
      scheduleQueue,
      'StartFailed',
      'start failed',
      'The schedule could not start a run. The message in the queue has the reason.',
    ),
    queueWatch(
      notificationQueue,
      'NotificationFailed',
      'notification failed',
      'A notification was not delivered. It waits in the queue.',
    ),
  ];
}

function queueWatch(queue: sqs.IQueue, id: string, name: string, description: string): Watch {
  const metric = queue.metricApproximateNumberOfMessagesVisible({ period: soon, statistic: cloudwatch.Stats.MAXIMUM });
  return { id, name, description, metric, atLeast: 1, severity: 'unhealthy' };
}

function functionWatches(name: FunctionName, handler: lambda.IFunction): Watch[] {
  const id = handler.node.id;
  const options = { period: soon, statistic: cloudwatch.Stats.SUM };
  return [
    {
      id: `${id}Errors`,
      name: `${name} errors`,
      description: 'The function failed or was stopped. The state machine tries again.',
      metric: handler.metricErrors(options),
      ...shown,
    },
    {
      id: `${id}Throttles`,
      name: `${name} throttles`,
      description: 'All concurrent executions of the account are in use. The state machine tries again.',
      metric: handler.metricThrottles(options),
      ...shown,
    },
  ];
}

function createAlarm(scope: Construct, watch: Watch, options: AlarmsOptions): cloudwatch.Alarm {
  return new cloudwatch.Alarm(scope, `${watch.id}Alarm`, {
    alarmName: alarmName(options, watch.name),
    alarmDescription: watch.description,
    metric: watch.metric,
    threshold: watch.atLeast,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}

/**
 * Creates the alarm that goes off when no run succeeds for `hoursWithoutRun` hours. If the schedule
 * is disabled, no run starts and nothing fails, so no other alarm goes off.
 */
function createSilenceAlarm(scope: Construct, options: AlarmsOptions): cloudwatch.Alarm {
  return new cloudwatch.Alarm(scope, 'NoRunAlarm', {
    alarmName: alarmName(options, `no successful run in ${hoursWithoutRun} h`),
    alarmDescription:
      'Check that the schedule is enabled and that the last runs succeeded. Before the first run this alarm is also on.',
    metric: executionMetric(options.machine, 'ExecutionsSucceeded', hourly),
    threshold: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: hoursWithoutRun,
    datapointsToAlarm: hoursWithoutRun,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
}

function alarmName({ context: { env } }: AlarmsOptions, what: string): string {
  return `${env === 'prod' ? 'cloud-sync' : `cloud-sync-${env}`} ${what}`;
}
