import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Choice, Condition, Fail, JsonPath, Pass, Result, type IChainable, TaskInput } from 'aws-cdk-lib/aws-stepfunctions';
import { SqsSendMessage } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import {
  markOutcomes,
  mostSlices,
  transferOutcomes,
  type Execution,
  type MarkReply,
  type MarkRequest,
  type SliceState,
  type TransferReply,
  type TransferRequest,
  type WorkLine,
} from '../../src/aws/contract.ts';
import { messagingRetries } from './failures.ts';
import { branch, call, caught, keepError, messagingTimeout, unknownOutcome } from './parts.ts';
import { fieldsOf, thisExecution, type Written } from './paths.ts';

/** With what a child execution of the map begins. */
export interface LineInput {
  readonly line: WorkLine;
  readonly run: { readonly provider: string; readonly deadline: string };
  readonly parent: Execution;
  readonly slice: SliceState;
}

/** Written by the parent: `$$.Execution` is the parent here, and in a child the child. */
export const lineInput: Written<LineInput> = {
  line: JsonPath.objectAt('$$.Map.Item.Value'),
  run: { provider: JsonPath.stringAt('$.run.provider'), deadline: JsonPath.stringAt('$.run.deadline') },
  parent: thisExecution,
  slice: { count: 0, idle: 0 },
};

interface LineOptions {
  readonly downloader: LambdaFunction;
  readonly runManager: LambdaFunction;
  readonly poisonQueue: IQueue;
}

/**
 * One work line, slice by slice. It fails only if something is left to do that a later slice of this run would not do; the ledger says what, and why.
 */
export function workLine(scope: Construct, options: LineOptions): IChainable {
  const failed = Fail.jsonPath(scope, 'VideoFailed', {
    error: 'CloudSync.VideoFailed',
    causePath: JsonPath.jsonToString(JsonPath.objectAt('$.error')),
  });
  const mark = markFailed(scope, options, failed);
  // A constant, because the map collects the outputs of its children.
  const complete = Pass.jsonPath(scope, 'VideoComplete', { result: Result.fromObject({ complete: true }) });
  const download = caught(downloadSlice(scope, options.downloader), mark);
  const asReplied = keepError(scope, 'KeepVideoError', { from: '$.slice.error', also: ['line', 'run', 'parent'] }).next(mark);
  const slicesLeft = Choice.jsonPath(scope, 'SlicesLeft')
    .when(Condition.numberLessThan('$.slice.count', mostSlices), download)
    .otherwise(complete);
  const moreBytes = branch(scope, 'MoreBytes', {
    of: '$.slice.outcome',
    outcomes: transferOutcomes,
    to: {
      done: complete,
      'go-on': slicesLeft,
      deferred: complete,
      waiting: complete,
      'credentials-expired': complete,
      failed: asReplied,
      quarantined: asReplied,
    },
    otherwise: unknownOutcome(scope, 'UnknownVideoOutcome').next(mark),
  });
  return download.next(moreBytes);
}

/** Without the rest of the reply that lies there after the first slice. */
const sliceSoFar: SliceState = { count: JsonPath.numberAt('$.slice.count'), idle: JsonPath.numberAt('$.slice.idle') };

function downloadSlice(scope: Construct, downloader: LambdaFunction) {
  return call<TransferRequest>(scope, 'DownloadVideo', {
    function: downloader,
    request: {
      provider: JsonPath.stringAt('$.run.provider'),
      deadline: JsonPath.stringAt('$.run.deadline'),
      line: JsonPath.objectAt('$.line'),
      slice: sliceSoFar,
      owner: JsonPath.executionId,
      execution: JsonPath.objectAt('$.parent'),
    },
    keep: fieldsOf<TransferReply>('outcome', 'count', 'idle', 'error'),
    at: '$.slice',
    killedRetries: 6,
  });
}

function markFailed(scope: Construct, options: LineOptions, failed: Fail) {
  const request: Written<MarkRequest> = {
    action: 'mark-failed',
    provider: JsonPath.stringAt('$.run.provider'),
    line: JsonPath.objectAt('$.line'),
    owner: JsonPath.executionId,
    execution: JsonPath.objectAt('$.parent'),
    error: JsonPath.objectAt('$.error'),
  };
  const mark = call<MarkRequest>(scope, 'MarkVideoFailed', {
    function: options.runManager,
    request,
    keep: fieldsOf<MarkReply>('outcome', 'media', 'quarantined', 'error'),
    // Of the line what failed goes on, so that nothing travels twice.
    at: '$.line',
  });
  // The first error says more than that it could not be recorded.
  mark.addCatch(failed, { resultPath: JsonPath.DISCARD });
  const poison = SqsSendMessage.jsonPath(scope, 'SendToPoisonQueue', {
    queue: options.poisonQueue,
    messageBody: TaskInput.fromObject({
      provider: request.provider,
      execution: request.execution,
      owner: request.owner,
      media: JsonPath.objectAt('$.line.media'),
      quarantined: JsonPath.numberAt('$.line.quarantined'),
      error: JsonPath.objectAt('$.line.error'),
    }),
    taskTimeout: messagingTimeout,
    resultPath: JsonPath.DISCARD,
  });
  for (const retry of messagingRetries('SQS')) poison.addRetry(retry);
  poison.addCatch(failed, { resultPath: JsonPath.DISCARD });
  const isQuarantined = branch(scope, 'IsQuarantined', {
    of: '$.line.outcome',
    outcomes: markOutcomes,
    to: { failed, quarantined: poison.next(failed) },
    otherwise: failed,
  });
  return mark.next(isQuarantined);
}
