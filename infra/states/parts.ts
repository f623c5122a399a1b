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
import { messages, type AskingState, type RequestOf, type StateError } from '../../src/aws/contract.ts';
import { unknownOutcomeError } from '../../src/aws/platform-errors.ts';
import { lambdaRetries, messagingRetries } from './failures.ts';
import { at, selectorOf, type Written } from './paths.ts';

/** This time-out is longer than the time-outs of SNS and SQS. */
export const messagingTimeout = Timeout.duration(Duration.seconds(30));

interface Call<State extends AskingState> {
  readonly function: LambdaFunction;
  readonly request: Written<RequestOf<State>>;
  /** The path in the state's data where the reply is stored. */
  readonly resultPath: string;
  /** The fields of the reply to store. Default: the fields that the machine keeps. */
  readonly resultSelector?: Readonly<Record<string, unknown>>;
  readonly killedRetries?: number;
  /** Default: half a minute longer than the time-out of the function. */
  readonly timeout?: Duration;
}

/** Creates a state that sends its message to a function. */
export function call<State extends AskingState>(scope: Construct, name: State, options: Call<State>): LambdaInvoke {
  const { timeout } = options.function;
  if (!timeout) throw new Error(`${name} needs a function with a time-out`);
  const task = LambdaInvoke.jsonPath(scope, name, {
    lambdaFunction: options.function,
    payload: TaskInput.fromObject(options.request),
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout: Timeout.duration(options.timeout ?? timeout.plus(Duration.seconds(30))),
    resultSelector: options.resultSelector ?? selectorOf(messages[name]),
    resultPath: options.resultPath,
  });
  for (const retry of lambdaRetries({ killed: options.killedRetries ?? 3 })) task.addRetry(retry);
  return task;
}

interface Notice {
  readonly topic: ITopic;
  /** The JSON path of the subject, which is a text of at most 100 ASCII characters. */
  readonly subject: string;
  /** The JSON path of the message, which is a text that is not empty. */
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

/** Stores an unexpected error of `task` at `$.error` and goes on to `handler`. */
export function caught<Task extends Catching>(task: Task, handler: IChainable): Task {
  task.addCatch(handler, { resultPath: '$.error' });
  return task;
}

interface Branches<Outcome extends string> {
  /** The JSON path of the outcome. */
  readonly of: string;
  readonly to: Readonly<Record<Outcome, IChainable>>;
  /**
   * The next state for an unknown outcome. An unknown outcome means that the function has another
   * version than the machine.
   */
  readonly otherwise: IChainable;
}

/** Creates a Choice that leads every outcome of a reply to its next state. */
export function branch<Outcome extends string>(scope: Construct, name: string, options: Branches<Outcome>): Choice {
  const choice = Choice.jsonPath(scope, name);
  for (const [outcome, next] of Object.entries<IChainable>(options.to))
    choice.when(Condition.stringEquals(options.of, outcome), next);
  choice.otherwise(options.otherwise);
  return choice;
}

/**
 * Stores the error of a reply at `$.error`, where a caught error is also stored. All other data are
 * dropped, except the fields in `also`.
 */
export function keepError(
  scope: Construct,
  name: string,
  { from, also = [] }: { readonly from: string; readonly also?: readonly string[] },
): Pass {
  const kept = also.map((field) => [field, at(`$.${field}`)]);
  return Pass.jsonPath(scope, name, { parameters: { ...Object.fromEntries(kept), error: at(from) } });
}

export function unknownOutcome(scope: Construct, name: string): Pass {
  const error: StateError = {
    Error: unknownOutcomeError,
    Cause: 'A function sent a reply that this state machine does not know. Deploy both in the same version.',
  };
  return Pass.jsonPath(scope, name, { result: Result.fromObject(error), resultPath: '$.error' });
}
