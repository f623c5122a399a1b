/** The deployed engine. The tests of one file share it and run one after the other. */
import { paginateDescribeLogGroups, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import {
  GetFunctionConfigurationCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { paginateListExecutions } from '@aws-sdk/client-sfn';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { inject } from 'vitest';
import { functionNames, type FunctionName } from '../../../src/aws/contract.ts';
import { expectNoSecretsIn } from '../../support/secrets.ts';
import { startAws, type Aws } from './aws.ts';
import { bucketText } from './bucket.ts';
import { deploy, type Deployment } from './deploy.ts';
import { childrenOf, describeEnded } from './execution.ts';

export interface Notification {
  /** Empty if the sender gave no subject. */
  readonly subject: string;
  readonly message: string;
}

export interface Engine extends AsyncDisposable {
  readonly aws: Aws;
  readonly deployment: Deployment;
  /**
   * Gives all functions their deployed settings with these changes. Also sets the time limit of
   * `video-downloader`.
   */
  configure(changes: Readonly<Record<string, string>>, options?: { readonly downloaderTimeoutSeconds?: number }): Promise<void>;
  /** Notifications since the last call, in order. */
  notifications(): Promise<readonly Notification[]>;
  /** Messages in the poison queue since the last call. */
  poisoned(): Promise<readonly unknown[]>;
  /** Adds a text in which `expectNoSecrets` looks for secrets. */
  keepText(text: string): void;
  /** Adds a secret that no text may hold. */
  keepSecret(value: string): void;
  /**
   * Expects that no log, history, received message, added text or object in the runs bucket holds a
   * secret.
   */
  expectNoSecrets(): Promise<void>;
}

/** Starts an AWS and deploys the app into it. */
export async function startEngine(options: Parameters<typeof startAws>[0] = {}): Promise<Engine> {
  const aws = await startAws(options);
  try {
    const deployment = await deploy(aws, inject('app'));
    return { ...(await engineOf(aws, deployment)), [Symbol.asyncDispose]: async () => aws[Symbol.asyncDispose]() };
  } catch (error) {
    await aws[Symbol.asyncDispose]();
    throw error;
  }
}

async function engineOf(aws: Aws, deployment: Deployment): Promise<Omit<Engine, typeof Symbol.asyncDispose>> {
  const inbox = await subscribe(aws, deployment.topicArn);
  const deployed = await readConfigurations(aws, deployment);
  const texts: string[] = [];
  const secrets = new Set<string>();

  async function take(queueUrl: string): Promise<string[]> {
    const bodies = await drain(aws, queueUrl);
    texts.push(...bodies);
    return bodies;
  }

  return {
    aws,
    deployment,
    configure: async (changes, { downloaderTimeoutSeconds } = {}) => {
      for (const name of functionNames) {
        const { variables, timeoutSeconds } = deployed[name];
        const forced = name === 'video-downloader' ? downloaderTimeoutSeconds : undefined;
        const FunctionName = deployment.functions[name];
        await aws.lambda.send(
          new UpdateFunctionConfigurationCommand({
            FunctionName,
            Environment: { Variables: { ...variables, ...changes } },
            Timeout: forced ?? timeoutSeconds,
          }),
        );
        await waitUntilFunctionUpdatedV2({ client: aws.lambda, maxWaitTime: 30, minDelay: 0.1, maxDelay: 0.5 }, { FunctionName });
      }
    },
    notifications: async () => (await take(inbox)).map(notificationOf),
    poisoned: async () => (await take(deployment.poisonQueueUrl)).map((body) => JSON.parse(body) as unknown),
    keepText: (text) => void texts.push(text),
    keepSecret: (value) => void secrets.add(value),
    expectNoSecrets: async () => {
      await take(inbox);
      const all = [
        ...texts,
        await aws.log(),
        await functionLogs(aws),
        await histories(aws, deployment.machineArn),
        await bucketText(aws.s3, deployment.runsBucket),
      ];
      for (const text of all) expectNoSecretsIn(text, secrets);
    },
  };
}

/** Makes a queue that gets every notification. */
async function subscribe({ sqs, sns }: Aws, TopicArn: string): Promise<string> {
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'inbox', Attributes: { Policy } }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: Attributes?.['QueueArn'] }));
  return QueueUrl;
}

interface Configuration {
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number | undefined;
}

async function readConfigurations(
  { lambda }: Aws,
  { functions }: Deployment,
): Promise<Readonly<Record<FunctionName, Configuration>>> {
  const read = async (name: FunctionName) => {
    const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functions[name] }));
    return [name, { variables: found.Environment?.Variables ?? {}, timeoutSeconds: found.Timeout }] as const;
  };
  return Object.fromEntries(await Promise.all(functionNames.map(read))) as Record<FunctionName, Configuration>;
}

/**
 * Receives all messages. Waits a second for more, because a message of an event rule may be late.
 */
async function drain({ sqs }: Aws, QueueUrl: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) break;
    bodies.push(...Messages.map(({ Body = '' }) => Body));
  }
  if (bodies.length > 0) await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  return bodies;
}

function notificationOf(body: string): Notification {
  const { Subject = '', Message = '' } = JSON.parse(body) as { readonly Subject?: string; readonly Message?: string };
  return { subject: Subject, message: Message };
}

async function functionLogs({ logs: client }: Aws): Promise<string> {
  const lines: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) {
    for (const { logGroupName } of logGroups) {
      for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName })) {
        lines.push(...events.map(({ message = '' }) => message));
      }
    }
  }
  return lines.join('\n');
}

/** Histories of all executions of the machine and of their children. */
async function histories(aws: Aws, stateMachineArn: string): Promise<string> {
  const texts: string[] = [];
  for await (const { executions = [] } of paginateListExecutions({ client: aws.sfn }, { stateMachineArn })) {
    for (const { executionArn = '' } of executions) {
      for (const arn of [executionArn, ...(await childrenOf(aws, executionArn))])
        texts.push(JSON.stringify(await describeEnded(aws, arn)));
    }
  }
  return texts.join('\n');
}
