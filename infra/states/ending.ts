import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Choice, Condition, Fail, JsonPath, Pass, type IChainable } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { EndReply, EndRequest, Failure } from '../../src/aws/contract.ts';
import { notifiedError } from '../alerts.ts';
import { call, notify } from './parts.ts';
import { fieldsOf, thisExecution } from './paths.ts';

/** Where a run that cannot go on ends. It reads the execution and `$.error`, nothing else. */
export function failedEnding(
  scope: Construct,
  { runManager, topic }: { readonly runManager: LambdaFunction; readonly topic: ITopic },
): IChainable {
  const told = Fail.jsonPath(scope, 'SyncFailed', {
    error: notifiedError,
    cause: 'The run failed. The notification says why; so does the event history of this execution.',
  });
  // Another error, so that the rule takes over.
  const untold = Fail.jsonPath(scope, 'SyncFailedUnnotified', {
    error: 'CloudSync.NotNotified',
    cause: 'The run failed, and its notification could not be published.',
  });
  const tell = notify(scope, 'NotifyCriticalFailure', { topic, subject: '$.error.Error', message: '$.error.Cause' });
  tell.addCatch(untold, { resultPath: JsonPath.DISCARD });
  const end = call<EndRequest>(scope, 'EndRun', {
    function: runManager,
    request: {
      action: 'end',
      input: JsonPath.objectAt('$$.Execution.Input'),
      execution: thisExecution,
      error: JsonPath.objectAt('$.error'),
    },
    keep: fieldsOf<EndReply>('notify', 'error'),
    at: '$',
  });
  // What the run failed of says more than that it could not be ended.
  end.addCatch(describeFailure(scope).next(tell), { resultPath: JsonPath.DISCARD });
  return end.next(
    Choice.jsonPath(scope, 'NotificationDue').when(Condition.booleanEquals('$.notify', true), tell.next(told)).otherwise(told),
  );
}

/** The text that EndRun would have written. A caught error need not have a cause, so it is told whole. */
function describeFailure(scope: Construct): Pass {
  const cause = JsonPath.format(
    'Execution {} failed: {}. Nothing archived is lost; the next run goes on where this one ended.',
    JsonPath.executionName,
    JsonPath.jsonToString(JsonPath.objectAt('$.error')),
  );
  const error: Failure = { Error: 'Cloud Sync failed', Cause: cause };
  return Pass.jsonPath(scope, 'DescribeFailure', { parameters: { error } });
}
