import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { functionNames, type FunctionName } from '../src/aws/contract.ts';
import type { MetricName } from '../src/aws/platform/metrics.ts';
import { nameIn } from '../src/aws/names.ts';
import type { Context } from './context.ts';
import { executionMetric, syncMetric } from './metrics.ts';

export interface DashboardOptions {
  readonly context: Context;
  readonly machine: sfn.IStateMachine;
  readonly functions: Readonly<Record<FunctionName, lambda.IFunction>>;
  readonly alarms: readonly cloudwatch.Alarm[];
}

const hour = Duration.hours(1);
const fiveMinutes = Duration.minutes(5);
const half = { width: 12, height: 6 };

/** Creates one page that shows everything to check when something is wrong. */
export function createDashboard(scope: Construct, options: DashboardOptions): cloudwatch.Dashboard {
  const dashboard = new cloudwatch.Dashboard(scope, 'Dashboard', {
    dashboardName: nameIn(options.context.env, 'GoPro-Sync-Operations'),
    defaultInterval: Duration.days(7),
  });
  dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...options.alarms], width: 24, height: 4 }));
  dashboard.addWidgets(...runWidgets(options));
  dashboard.addWidgets(...transferWidgets(options));
  dashboard.addWidgets(...functionWidgets(options));
  dashboard.addWidgets(
    new cloudwatch.LogQueryWidget({
      title: 'Recent errors',
      logGroupNames: logGroupsOf(options).map(({ logGroupName }) => logGroupName),
      queryLines: [
        'fields @timestamp, service, correlation_id, message, event.code, event.reason',
        'filter level = "ERROR"',
        'sort @timestamp desc',
        'limit 50',
      ],
      width: 24,
      height: 6,
    }),
  );
  if (!options.context.emulator) saveQueries(scope, options);
  return dashboard;
}

function runWidgets({ context: { env: stage }, machine }: DashboardOptions): cloudwatch.IWidget[] {
  const day = Duration.days(1);
  const sum = (name: MetricName) => syncMetric(stage, name, { statistic: cloudwatch.Stats.SUM, period: hour });
  const highest = (name: MetricName) => syncMetric(stage, name, { statistic: cloudwatch.Stats.MAXIMUM, period: day });
  return [
    new cloudwatch.GraphWidget({
      title: 'Sync success',
      left: [sum('VideosSynced'), sum('VideosProven'), sum('SyncFailures')],
      width: 8,
      height: 6,
    }),
    new cloudwatch.SingleValueWidget({
      title: 'Runs of the last day',
      metrics: [
        executionMetric(machine, 'ExecutionsSucceeded', day),
        executionMetric(machine, 'ExecutionsFailed', day),
        executionMetric(machine, 'ExecutionsTimedOut', day),
        executionMetric(machine, 'ExecutionsAborted', day),
      ],
      width: 6,
      height: 6,
    }),
    new cloudwatch.GraphWidget({ title: 'Age of the cookies in days', left: [highest('CookieAge')], width: 5, height: 6 }),
    new cloudwatch.GraphWidget({ title: 'Disputed files', left: [highest('DisputedFiles')], width: 5, height: 6 }),
  ];
}

function transferWidgets({ context: { env: stage } }: DashboardOptions): cloudwatch.IWidget[] {
  const bytes = syncMetric(stage, 'BytesTransferred', { statistic: cloudwatch.Stats.SUM, period: hour });
  const gigabytes = new cloudwatch.MathExpression({
    expression: 'bytes / 1000000000',
    usingMetrics: { bytes },
    label: 'GB',
    period: hour,
  });
  const throughput = { statistic: cloudwatch.Stats.AVERAGE, period: fiveMinutes };
  const firstByte = { statistic: cloudwatch.Stats.percentile(99), period: fiveMinutes };
  return [
    new cloudwatch.GraphWidget({ title: 'Transfer volume', left: [gigabytes], ...half }),
    new cloudwatch.GraphWidget({
      title: 'Transfer throughput (Mbit/s) and time to the first byte (s)',
      left: [syncMetric(stage, 'TransferThroughput', throughput)],
      right: [syncMetric(stage, 'TimeToFirstByte', firstByte)],
      ...half,
    }),
  ];
}

function functionWidgets({ functions }: DashboardOptions): cloudwatch.IWidget[] {
  const all = functionNames.map((name) => ({ name, handler: functions[name] }));
  const statistics = [cloudwatch.Stats.p(50), cloudwatch.Stats.p(99), cloudwatch.Stats.MAXIMUM];
  return [
    new cloudwatch.GraphWidget({
      title: 'Duration of the functions',
      left: all.flatMap(({ name, handler }) =>
        statistics.map((statistic) => handler.metricDuration({ statistic, period: fiveMinutes, label: `${name} ${statistic}` })),
      ),
      ...half,
    }),
    new cloudwatch.GraphWidget({
      title: 'Errors of the functions',
      left: all.map(({ name, handler }) => handler.metricErrors({ period: fiveMinutes, label: name })),
      stacked: true,
      ...half,
    }),
  ];
}

/** Saves queries for Logs Insights that answer the most common questions. */
function saveQueries(scope: Construct, options: DashboardOptions): logs.QueryDefinition[] {
  const logGroups = logGroupsOf(options);
  const queries = {
    'failed files': new logs.QueryString({
      fields: ['@timestamp', 'correlation_id', 'event.key', 'event.status', 'event.code', 'event.reason'],
      filterStatements: ['message = "file.failed"'],
      sort: '@timestamp desc',
      limit: 100,
    }),
    'one run': new logs.QueryString({
      fields: ['@timestamp', 'service', 'level', 'message'],
      filterStatements: ['correlation_id = "the name of the execution"'],
      sort: '@timestamp asc',
    }),
    'what each run archived': new logs.QueryString({
      filterStatements: ['message = "file.archived"'],
      statsStatements: ['count(*) as files, sum(event.sizeBytes) / 1000000000 as gigabytes by correlation_id'],
    }),
  };
  const folder = nameIn(options.context.env, 'gopro-sync');
  return Object.entries(queries).map(
    ([name, queryString]) =>
      new logs.QueryDefinition(scope, `Query ${name}`, { queryDefinitionName: `${folder}/${name}`, queryString, logGroups }),
  );
}

function logGroupsOf({ functions }: DashboardOptions): logs.ILogGroup[] {
  return functionNames.map((name) => (functions[name] as lambda.Function).logGroup);
}
