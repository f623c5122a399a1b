import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Choice, Condition, Fail, JsonPath, Pass, type IChainable } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { StateError } from '../../src/aws/contract.ts';
import { notifiedError } from '../alerts.ts';
import { call, notify } from './parts.ts';
import { at, thisExecution } from './paths.ts';

/** Creates the states that end a run after an error. They read only the execution and `$.error`. */
export function failedEnding(
  scope: Construct,
  { runManager, topic }: { readonly runManager: LambdaFunction; readonly topic: ITopic },
): IChainable {
  const notified = Fail.jsonPath(scope, 'SyncFailed', {
    error: notifiedError,
    cause: 'The run failed. The notification and the event history of this execution have the reason.',
  });
  // The event rule in alerts.ts notifies a person of an error with this name.
  const notNotified = Fail.jsonPath(scope, 'SyncFailedUnnotified', {
    error: 'CloudSync.NotNotified',
    cause: 'The run failed, and its notification could not be published.',
  });
  const notifyPerson = notify(scope, 'NotifyCriticalFailure', { topic, subject: '$.error.Error', message: '$.error.Cause' });
  notifyPerson.addCatch(notNotified, { resultPath: JsonPath.DISCARD });
  const end = call(scope, 'EndRun', {
    function: runManager,
    request: {
      action: 'end',
      input: at('$$.Execution.Input'),
      execution: thisExecution,
      error: at('$.error'),
    },
    resultPath: '$',
  });
  // If EndRun also fails, its error is dropped, because the error of the run is more useful.
  end.addCatch(describeFailure(scope).next(notifyPerson), { resultPath: JsonPath.DISCARD });
  return end.next(
    Choice.jsonPath(scope, 'NotificationDue')
      .when(Condition.booleanEquals('$.notify', true), notifyPerson.next(notified))
      .otherwise(notified),
  );
}

/**
 * Writes the notification if the state EndRun failed. The text quotes the whole error, because a
 * caught error may have no cause.
 */
function describeFailure(scope: Construct): Pass {
  const cause = JsonPath.format(
    'Execution {} failed: {}. No archived file is lost, and the next run continues where this one ended.',
    JsonPath.executionName,
    JsonPath.jsonToString(at('$.error')),
  );
  const error: StateError = { Error: 'Cloud Sync failed', Cause: cause };
  return Pass.jsonPath(scope, 'DescribeFailure', { parameters: { error } });
}
