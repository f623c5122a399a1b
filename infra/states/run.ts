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
import {
  beginOutcomes,
  listingOutcomes,
  summaryOutcomes,
  validationOutcomes,
  type BeginReply,
  type BeginRequest,
  type FunctionName,
  type ListReply,
  type ListRequest,
  type SummariseReply,
  type SummariseRequest,
  type ValidateReply,
  type ValidateRequest,
} from '../../src/aws/contract.ts';
import { failedEnding } from './ending.ts';
import { mapRetry } from './failures.ts';
import { branch, call, caught, keepError, notify, unknownOutcome } from './parts.ts';
import { fieldsOf, thisExecution } from './paths.ts';
import { lineInput, workLine } from './work-line.ts';

/** Part of the ARN of every child execution. */
export const mapLabel = 'DownloadVideos';

export interface RunOptions {
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly runsBucket: IBucket;
  readonly topic: ITopic;
  readonly poisonQueue: IQueue;
  /** Children of the map at a time. */
  readonly mapConcurrency: number;
}

/** What the steps of a run share. */
interface Steps extends RunOptions {
  readonly scope: Construct;
  /** For errors that lie at `$.error`. */
  readonly failure: IChainable;
  /** For outcomes that nobody knows. */
  readonly unknown: IChainable;
}

/** A whole run: the states and their names are the picture in docs/reference/state-machine.md. */
export function run(scope: Construct, options: RunOptions): IChainable {
  const failure = failedEnding(scope, { runManager: options.functions['run-manager'], topic: options.topic });
  const steps: Steps = { ...options, scope, failure, unknown: unknownOutcome(scope, 'UnknownOutcome').next(failure) };
  return begin(steps, validate(steps, list(steps, summarise(steps))));
}

function begin({ scope, functions, failure, unknown }: Steps, next: IChainable): IChainable {
  const task = call<BeginRequest>(scope, 'BeginRun', {
    function: functions['run-manager'],
    request: { action: 'begin', input: JsonPath.objectAt('$$.Execution.Input'), execution: thisExecution },
    keep: {
      run: fieldsOf<BeginReply>('outcome', 'provider', 'trigger', 'full_listing', 'deadline', 'holder', 'error'),
      listing: { slices: 0 },
    },
    // Whatever the execution was started with goes no further.
    at: '$',
  });
  const granted = branch(scope, 'RunGranted', {
    of: '$.run.outcome',
    outcomes: beginOutcomes,
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
  const task = call<ValidateRequest>(scope, 'ValidateTokens', {
    function: functions['token-validator'],
    request: { provider: JsonPath.stringAt('$.run.provider'), execution: thisExecution },
    keep: fieldsOf<ValidateReply>('outcome', 'cookie_age_days', 'validation_method', 'error'),
    at: '$.validation',
  });
  const invalid = keepError(scope, 'KeepValidationError', { from: '$.validation.error' }).next(failure);
  const isValid = branch(scope, 'CheckTokenValidity', {
    of: '$.validation.outcome',
    outcomes: validationOutcomes,
    to: { valid: next, 'credentials-expired': invalid, failed: invalid },
    otherwise: unknown,
  });
  return caught(task, failure).next(isValid);
}

function list(steps: Steps, summary: IChainable): IChainable {
  const { scope, functions, failure, unknown } = steps;
  const task = call<ListRequest>(scope, 'ListMedia', {
    function: functions['media-lister'],
    request: {
      provider: JsonPath.stringAt('$.run.provider'),
      trigger: JsonPath.stringAt('$.run.trigger'),
      full_listing: JsonPath.objectAt('$.run.full_listing'),
      deadline: JsonPath.stringAt('$.run.deadline'),
      execution: thisExecution,
      slices: JsonPath.numberAt('$.listing.slices'),
    },
    keep: fieldsOf<ListReply>(
      'outcome',
      'slices',
      'total_found',
      'new_count',
      'already_synced',
      'work_lines',
      'manifest_key',
      'error',
    ),
    at: '$.listing',
  });
  const anythingNew = Choice.jsonPath(scope, 'CheckNewVideos')
    .when(Condition.numberGreaterThan('$.listing.work_lines', 0), transfer(steps, summary))
    .otherwise(summary);
  const morePages = branch(scope, 'MorePages', {
    of: '$.listing.outcome',
    outcomes: listingOutcomes,
    to: {
      done: anythingNew,
      'go-on': task,
      failed: keepError(scope, 'KeepListingError', { from: '$.listing.error' }).next(failure),
    },
    otherwise: unknown,
  });
  return caught(task, failure).next(morePages);
}

/** Every work line is a child execution with its own history; nothing of them returns into this one. */
function transfer({ scope, functions, runsBucket, poisonQueue, mapConcurrency, failure }: Steps, next: IChainable): IChainable {
  const map = DistributedMap.jsonPath(scope, 'DownloadVideos', {
    label: mapLabel,
    mapExecutionType: StateMachineType.STANDARD,
    maxConcurrency: mapConcurrency,
    toleratedFailurePercentage: 100,
    itemReader: new S3JsonLItemReader({ bucket: runsBucket, key: JsonPath.stringAt('$.listing.manifest_key') }),
    itemSelector: lineInput,
    // Without a writer the outputs of all children would become this state's output. Nothing reads what it writes.
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
  const task = call<SummariseRequest>(scope, 'GenerateSummary', {
    function: functions['run-manager'],
    request: {
      action: 'summarise',
      provider: JsonPath.stringAt('$.run.provider'),
      execution: thisExecution,
      total_found: JsonPath.numberAt('$.listing.total_found'),
      new_count: JsonPath.numberAt('$.listing.new_count'),
      already_synced: JsonPath.numberAt('$.listing.already_synced'),
      cookie_age_days: JsonPath.objectAt('$.validation.cookie_age_days'),
    },
    keep: fieldsOf<SummariseReply>('outcome', 'subject', 'message', 'archived_files', 'failed_files', 'error'),
    at: '$.summary',
  });
  const ended = Choice.jsonPath(scope, 'HadNewVideos')
    .when(
      Condition.numberGreaterThan('$.listing.new_count', 0),
      Succeed.jsonPath(scope, 'SyncComplete', { outputPath: '$.summary' }),
    )
    .otherwise(Succeed.jsonPath(scope, 'NoNewVideos', { outputPath: '$.summary' }));
  const message = { topic, subject: '$.summary.subject', message: '$.summary.message' };
  const stopped = keepError(scope, 'KeepSummaryError', { from: '$.summary.error' }).next(failure);
  const anyFailures = branch(scope, 'CheckForFailures', {
    of: '$.summary.outcome',
    outcomes: summaryOutcomes,
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
