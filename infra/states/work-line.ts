import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Choice, Condition, Fail, JsonPath, Pass, Result, type IChainable, TaskInput } from 'aws-cdk-lib/aws-stepfunctions';
import { SqsSendMessage } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import {
  maxSlices,
  type Execution,
  type ReplyOf,
  type RequestOf,
  type SliceState,
  type WorkLine,
} from '../../src/aws/contract.ts';
import { messagingRetries } from './failures.ts';
import { branch, call, caught, keepError, messagingTimeout, unknownOutcome } from './parts.ts';
import { at, thisExecution, type Written } from './paths.ts';

/** The input of a child execution of the map. */
export interface LineInput {
  readonly line: WorkLine;
  readonly run: { readonly provider: string; readonly deadline: string };
  readonly parent: Execution;
  readonly slice: SliceState;
}

/**
 * The input of a child execution. The parent execution writes it, so `$$.Execution` means the
 * parent here.
 */
export const lineInput: Written<LineInput> = {
  line: at('$$.Map.Item.Value'),
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
 * Creates the states of one work line, which is done slice by slice. The work line fails if an
 * original failed or the worker failed. The tracker has the reason.
 */
export function workLine(scope: Construct, options: LineOptions): IChainable {
  const failed = Fail.jsonPath(scope, 'VideoFailed', {
    error: 'CloudSync.VideoFailed',
    causePath: JsonPath.jsonToString(at('$.error')),
  });
  const mark = markFailed(scope, options, failed);
  // The output is short, because the map collects the outputs of all its children.
  const complete = Pass.jsonPath(scope, 'VideoComplete', { result: Result.fromObject({ complete: true }) });
  const download = caught(downloadSlice(scope, options.downloader), mark);
  const asReplied = keepError(scope, 'KeepVideoError', { from: '$.slice.error', also: ['line', 'run', 'parent'] }).next(mark);
  const slicesLeft = Choice.jsonPath(scope, 'SlicesLeft')
    .when(Condition.numberLessThan('$.slice.count', maxSlices), download)
    .otherwise(complete);
  const moreBytes = branch<ReplyOf<'DownloadVideo'>['outcome']>(scope, 'MoreBytes', {
    of: '$.slice.outcome',
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

/** The progress that the reply of the earlier slice contained. */
const sliceSoFar: SliceState = { count: JsonPath.numberAt('$.slice.count'), idle: JsonPath.numberAt('$.slice.idle') };

function downloadSlice(scope: Construct, downloader: LambdaFunction) {
  return call(scope, 'DownloadVideo', {
    function: downloader,
    request: {
      provider: at('$.run.provider'),
      deadline: at('$.run.deadline'),
      line: at('$.line'),
      slice: sliceSoFar,
      owner: JsonPath.executionId,
      execution: at('$.parent'),
    },
    resultPath: '$.slice',
    killedRetries: 6,
  });
}

function markFailed(scope: Construct, { runManager, poisonQueue }: LineOptions, failed: Fail) {
  const request: Written<RequestOf<'MarkVideoFailed'>> = {
    action: 'mark-failed',
    provider: at('$.run.provider'),
    line: at('$.line'),
    owner: JsonPath.executionId,
    execution: at('$.parent'),
    error: at('$.error'),
  };
  // The reply replaces the line in the state's data, because no later state needs the line.
  const mark = call(scope, 'MarkVideoFailed', { function: runManager, request, resultPath: '$.line' });
  // If this call fails too, its error is dropped, because the first error is more useful.
  mark.addCatch(failed, { resultPath: JsonPath.DISCARD });
  const poison = sendToPoisonQueue(scope, poisonQueue, request);
  poison.addCatch(failed, { resultPath: JsonPath.DISCARD });
  const isQuarantined = branch<ReplyOf<'MarkVideoFailed'>['outcome']>(scope, 'IsQuarantined', {
    of: '$.line.outcome',
    to: { failed, quarantined: poison.next(failed) },
    otherwise: failed,
  });
  return mark.next(isQuarantined);
}

/** Sends the failed media of a line to the poison queue, which a person reads. */
function sendToPoisonQueue(
  scope: Construct,
  queue: IQueue,
  { provider, execution, owner }: Written<RequestOf<'MarkVideoFailed'>>,
): SqsSendMessage {
  const message = {
    provider,
    execution,
    owner,
    media: at('$.line.media'),
    quarantined: at('$.line.quarantined'),
    error: at('$.line.error'),
  };
  const task = SqsSendMessage.jsonPath(scope, 'SendToPoisonQueue', {
    queue,
    messageBody: TaskInput.fromObject(message),
    taskTimeout: messagingTimeout,
    resultPath: JsonPath.DISCARD,
  });
  for (const retry of messagingRetries('SQS')) task.addRetry(retry);
  return task;
}
