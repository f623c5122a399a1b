import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import {
  Choice,
  Condition,
  DistributedMap,
  JsonPath,
  ResultWriterV2,
  S3JsonLItemReader,
  StateMachineType,
  Succeed,
  type IChainable,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { beginSeconds, messages, type FunctionName, type ReplyOf } from '../../src/aws/contract.ts';
import { failedEnding } from './ending.ts';
import { mapRetry } from './failures.ts';
import { branch, call, caught, keepError, notify, unknownOutcome } from './parts.ts';
import { at, selectorOf, thisExecution } from './paths.ts';
import { lineInput, workLine } from './work-line.ts';

/** This label is a part of the ARN of every child execution. */
export const mapLabel = 'DownloadVideos';

export interface RunOptions {
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly runsBucket: IBucket;
  readonly topic: ITopic;
  readonly poisonQueue: IQueue;
  /** At most this many children of the map run at the same time. */
  readonly mapConcurrency: number;
}

/** The options that all steps of a run share. */
interface Steps extends RunOptions {
  readonly scope: Construct;
  /** The next state after an error, which is stored at `$.error`. */
  readonly failure: IChainable;
  /** The next state for an outcome that the machine does not know. */
  readonly unknown: IChainable;
}

/**
 * Creates the states of a whole run. The picture in docs/reference/state-machine.md has the same
 * states and names.
 */
export function run(scope: Construct, options: RunOptions): IChainable {
  const failure = failedEnding(scope, { runManager: options.functions['run-manager'], topic: options.topic });
  const steps: Steps = { ...options, scope, failure, unknown: unknownOutcome(scope, 'UnknownOutcome').next(failure) };
  return begin(steps, validate(steps, list(steps, summarise(steps))));
}

function begin({ scope, functions, failure, unknown }: Steps, next: IChainable): IChainable {
  const task = call(scope, 'BeginRun', {
    function: functions['run-manager'],
    request: { action: 'begin', input: at('$$.Execution.Input'), execution: thisExecution },
    resultSelector: { run: selectorOf(messages.BeginRun), listing: { slices: 0 } },
    // The reply replaces the input of the execution.
    resultPath: '$',
    timeout: Duration.seconds(beginSeconds),
  });
  const granted = branch<ReplyOf<'BeginRun'>['outcome']>(scope, 'RunGranted', {
    of: '$.run.outcome',
    to: {
      granted: next,
      overlap: Succeed.jsonPath(scope, 'RunSkipped', { outputPath: '$.run' }),
      failed: keepError(scope, 'KeepBeginError', { from: '$.run.error' }).next(failure),
    },
    otherwise: unknown,
  });
  return caught(task, failure).next(granted);
}

function validate({ scope, functions, failure, unknown }: Steps, next: IChainable): IChainable {
  const task = call(scope, 'ValidateTokens', {
    function: functions['token-validator'],
    request: { provider: at('$.run.provider'), execution: thisExecution },
    resultPath: '$.validation',
  });
  const invalid = keepError(scope, 'KeepValidationError', { from: '$.validation.error' }).next(failure);
  const isValid = branch<ReplyOf<'ValidateTokens'>['outcome']>(scope, 'CheckTokenValidity', {
    of: '$.validation.outcome',
    to: { valid: next, 'credentials-expired': invalid, failed: invalid },
    otherwise: unknown,
  });
  return caught(task, failure).next(isValid);
}

function list(steps: Steps, summary: IChainable): IChainable {
  const { scope, functions, failure, unknown } = steps;
  const task = call(scope, 'ListMedia', {
    function: functions['media-lister'],
    request: {
      provider: at('$.run.provider'),
      trigger: at('$.run.trigger'),
      full_listing: at('$.run.full_listing'),
      deadline: at('$.run.deadline'),
      execution: thisExecution,
      slices: at('$.listing.slices'),
    },
    resultPath: '$.listing',
  });
  const anythingNew = Choice.jsonPath(scope, 'CheckNewVideos')
    .when(Condition.numberGreaterThan('$.listing.work_lines', 0), transfer(steps, summary))
    .otherwise(summary);
  const morePages = branch<ReplyOf<'ListMedia'>['outcome']>(scope, 'MorePages', {
    of: '$.listing.outcome',
    to: {
      done: anythingNew,
      'go-on': task,
      failed: keepError(scope, 'KeepListingError', { from: '$.listing.error' }).next(failure),
    },
    otherwise: unknown,
  });
  return caught(task, failure).next(morePages);
}

/**
 * Creates the map. Every work line is a child execution with its own history. The outputs of the
 * children do not become data of the run.
 */
function transfer({ scope, functions, runsBucket, poisonQueue, mapConcurrency, failure }: Steps, next: IChainable): IChainable {
  const map = DistributedMap.jsonPath(scope, 'DownloadVideos', {
    label: mapLabel,
    mapExecutionType: StateMachineType.STANDARD,
    maxConcurrency: mapConcurrency,
    toleratedFailurePercentage: 100,
    itemReader: new S3JsonLItemReader({ bucket: runsBucket, key: JsonPath.stringAt('$.listing.manifest_key') }),
    itemSelector: lineInput,
    // The result writer keeps the outputs of the children out of the map's own output. Nothing
    // reads the stored results.
    resultWriterV2: new ResultWriterV2({
      bucket: runsBucket,
      prefix: JsonPath.format('runs/{}/results', JsonPath.executionName),
    }),
    resultPath: JsonPath.DISCARD,
  });
  map.itemProcessor(
    workLine(scope, { downloader: functions['video-downloader'], runManager: functions['run-manager'], poisonQueue }),
  );
  map.addRetry(mapRetry);
  map.addCatch(failure, { resultPath: '$.error' });
  return map.next(next);
}

function summarise({ scope, functions, topic, failure, unknown }: Steps): IChainable {
  const task = call(scope, 'GenerateSummary', {
    function: functions['run-manager'],
    request: {
      action: 'summarise',
      provider: at('$.run.provider'),
      execution: thisExecution,
      total_found: at('$.listing.total_found'),
      new_count: at('$.listing.new_count'),
      cookie_age_days: at('$.validation.cookie_age_days'),
    },
    resultPath: '$.summary',
  });
  const ended = Choice.jsonPath(scope, 'HadNewVideos')
    .when(
      Condition.numberGreaterThan('$.listing.new_count', 0),
      Succeed.jsonPath(scope, 'SyncComplete', { outputPath: '$.summary' }),
    )
    .otherwise(Succeed.jsonPath(scope, 'NoNewVideos', { outputPath: '$.summary' }));
  const message = { topic, subject: '$.summary.subject', message: '$.summary.message' };
  const stopped = keepError(scope, 'KeepSummaryError', { from: '$.summary.error' }).next(failure);
  const anyFailures = branch<ReplyOf<'GenerateSummary'>['outcome']>(scope, 'CheckForFailures', {
    of: '$.summary.outcome',
    to: {
      clean: ended,
      notice: caught(notify(scope, 'NotifyNotice', message), failure).next(ended),
      partial: caught(notify(scope, 'NotifyPartialFailure', message), failure).next(ended),
      'credentials-expired': stopped,
      failed: stopped,
    },
    otherwise: unknown,
  });
  return caught(task, failure).next(anyFailures);
}
