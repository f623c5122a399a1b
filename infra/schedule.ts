import { Duration, TimeZone } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { ExecutionInput } from '../src/aws/contract.ts';
import type { EnvironmentSettings } from './environments.ts';

/**
 * Starts a run every night. A duplicate start is harmless: the second run sees that the run lease
 * is taken.
 */
export function createSchedule(
  scope: Construct,
  options: {
    readonly name: string;
    readonly at: EnvironmentSettings['schedule'];
    readonly machine: sfn.IStateMachine;
    /** Receives the starts that failed. */
    readonly deadLetterQueue: sqs.IQueue;
  },
): scheduler.Schedule {
  const { timeZone, hour, minute } = options.at;
  const input: ExecutionInput = { trigger: 'schedule' };
  return new scheduler.Schedule(scope, 'Nightly', {
    scheduleName: options.name,
    description: 'Starts a run every night',
    schedule: scheduler.ScheduleExpression.cron({
      hour: String(hour),
      minute: String(minute),
      timeZone: TimeZone.of(timeZone),
    }),
    timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(15)),
    target: new StepFunctionsStartExecution(options.machine, {
      input: scheduler.ScheduleTargetInput.fromObject(input),
      // The two limits on retries prevent a late run that overlaps the run of the next day.
      retryAttempts: 3,
      maxEventAge: Duration.hours(2),
      deadLetterQueue: options.deadLetterQueue,
    }),
  });
}
