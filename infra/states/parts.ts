import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import {
  Choice,
  Condition,
  JsonPath,
  Pass,
  Result,
  type CatchProps,
  type IChainable,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke, SnsPublish } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { Failure } from '../../src/aws/contract.ts';
import { lambdaRetries, messagingRetries } from './failures.ts';
import type { Written } from './paths.ts';

/** Longer than the time-outs of SNS and SQS take. */
export const messagingTimeout = Timeout.duration(Duration.seconds(30));

interface Call<Request> {
  readonly function: LambdaFunction;
  readonly request: Written<Request>;
  /** What is kept of the reply, and where; see `fieldsOf`. */
  readonly keep: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly killedRetries?: number;
}

/** A call to a function, which may take half a minute longer than the function itself. */
export function call<Request extends object>(scope: Construct, name: string, options: Call<Request>): LambdaInvoke {
  const { timeout } = options.function;
  if (!timeout) throw new Error(`${name} needs a function with a time-out`);
  const task = LambdaInvoke.jsonPath(scope, name, {
    lambdaFunction: options.function,
    payload: TaskInput.fromObject(options.request),
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout: Timeout.duration(timeout.plus(Duration.seconds(30))),
    resultSelector: options.keep,
    resultPath: options.at,
  });
  for (const retry of lambdaRetries({ killed: options.killedRetries ?? 3 })) task.addRetry(retry);
  return task;
}

interface Notice {
  readonly topic: ITopic;
  /** Path of at most 100 ASCII characters. */
  readonly subject: string;
  /** Path of a text that is not empty. */
  readonly message: string;
}

export function notify(scope: Construct, name: string, { topic, subject, message }: Notice): SnsPublish {
  const task = SnsPublish.jsonPath(scope, name, {
    topic,
    subject: JsonPath.stringAt(subject),
    message: TaskInput.fromJsonPathAt(message),
    taskTimeout: messagingTimeout,
    resultPath: JsonPath.DISCARD,
  });
  for (const retry of messagingRetries('SNS')) task.addRetry(retry);
  return task;
}

interface Catching {
  addCatch(handler: IChainable, options: CatchProps): unknown;
}

/** `task`, whose surprises lie at `$.error` and go to `handler`. */
export function caught<Task extends Catching>(task: Task, handler: IChainable): Task {
  task.addCatch(handler, { resultPath: '$.error' });
  return task;
}

interface Branches<Outcome extends string> {
  /** Path of the outcome. */
  readonly of: string;
  readonly outcomes: readonly Outcome[];
  readonly to: Readonly<Record<Outcome, IChainable>>;
  /** For an outcome that this deployment does not know: a function of another version. */
  readonly otherwise: IChainable;
}

/** Every outcome of a reply with where it leads. */
export function branch<Outcome extends string>(scope: Construct, name: string, options: Branches<Outcome>): Choice {
  const choice = Choice.jsonPath(scope, name);
  for (const outcome of options.outcomes) choice.when(Condition.stringEquals(options.of, outcome), options.to[outcome]);
  choice.otherwise(options.otherwise);
  return choice;
}

/** Puts the error of a reply where a caught one would lie; of the rest only `also` goes on, so that nothing travels twice. */
export function keepError(
  scope: Construct,
  name: string,
  { from, also = [] }: { readonly from: string; readonly also?: readonly string[] },
): Pass {
  const kept = also.map((field) => [field, JsonPath.objectAt(`$.${field}`)]);
  return Pass.jsonPath(scope, name, { parameters: { ...Object.fromEntries(kept), error: JsonPath.objectAt(from) } });
}

export function unknownOutcome(scope: Construct, name: string): Pass {
  const error: Failure = {
    Error: 'CloudSync.UnknownOutcome',
    Cause: 'A function answered what this state machine does not know. Deploy both in the same version.',
  };
  return Pass.jsonPath(scope, name, { result: Result.fromObject(error), resultPath: '$.error' });
}
