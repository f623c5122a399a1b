/** The state machine with scripted functions, for its tests and its picture. */
import { App, DefaultStackSynthesizer, Duration, Stack, type IStackSynthesizer } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { STEPFUNCTIONS_USE_DISTRIBUTED_MAP_RESULT_WRITER_V2 as resultWriterFlag } from 'aws-cdk-lib/cx-api';
import { functionNames, type FunctionName } from '../../../src/aws/contract.ts';
import { createOrchestrator } from '../../../infra/state-machine.ts';

export interface SampleOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  /** The CommonJS code of every function. It exports `handler`. */
  readonly source?: string;
  readonly timeouts?: Readonly<Record<FunctionName, Duration>>;
}

const timeoutsOnAws: Readonly<Record<FunctionName, Duration>> = {
  'token-validator': Duration.seconds(30),
  'media-lister': Duration.minutes(5),
  'video-downloader': Duration.minutes(15),
  'run-manager': Duration.minutes(5),
};

export function sampleStack(options: SampleOptions = {}): Stack {
  const {
    context = { [resultWriterFlag]: true },
    source = 'exports.handler = async () => ({});',
    timeouts = timeoutsOnAws,
  } = options;
  // The test deploys without the CDK tool, so it needs no bootstrap.
  const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer;
  const stack = new Stack(new App({ context: { ...context } }), 'Sample', { synthesizer });
  const functions = functionNames.map((name) => [
    name,
    new LambdaFunction(stack, name, {
      functionName: name,
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline(source),
      timeout: timeouts[name],
    }),
  ]);
  createOrchestrator(stack, {
    name: 'gopro-sync-orchestrator',
    functions: Object.fromEntries(functions) as Record<FunctionName, LambdaFunction>,
    runsBucket: new Bucket(stack, 'Runs') as IBucket,
    topic: new Topic(stack, 'Alerts'),
    poisonQueue: new Queue(stack, 'Poison'),
    mapConcurrency: 5,
    logGroup: new LogGroup(stack, 'Log'),
  });
  return stack;
}
