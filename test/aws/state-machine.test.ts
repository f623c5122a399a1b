/** The synthesized state machine, run by the emulator with functions whose replies are scripted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateStackCommand, DescribeStacksCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleStack } from './support/sample-machine.ts';
import { account, region, startAws, type Aws } from './support/aws.ts';
import { childrenOf, describeEnded, type EndedExecution } from './support/execution.ts';

let aws: Aws;
let names: Names;

beforeAll(async () => {
  aws = await startAws();
  names = await deploy();
}, 60_000);
afterAll(async () => aws[Symbol.asyncDispose]());

describe('a run', () => {
  test('a run with files to archive enters every state of a full run', async () => {
    const { status, states, output } = await run('clean', ['ok', 'slices']);
    expect(status).toBe('SUCCEEDED');
    expect(states).toEqual([
      'BeginRun',
      'RunGranted',
      'ValidateTokens',
      'CheckTokenValidity',
      'ListMedia',
      'MorePages',
      'ListMedia',
      'MorePages',
      'ListMedia',
      'MorePages',
      'CheckNewVideos',
      'DownloadVideos',
      'GenerateSummary',
      'CheckForFailures',
      'HadNewVideos',
      'SyncComplete',
    ]);
    expect(output).toMatchObject({ outcome: 'clean', archived_files: 5 });
    expect(await messages(names.mailbox)).toEqual([]);
  });

  test('a run without new files ends after the listing', async () => {
    const { status, states } = await run('nothing', []);
    expect(status).toBe('SUCCEEDED');
    expect(states).not.toContain('DownloadVideos');
    expect(states.at(-1)).toBe('NoNewVideos');
  });

  test('a run that starts while another run works is skipped', async () => {
    const { status, states, output } = await run('overlap', []);
    expect(status).toBe('SUCCEEDED');
    expect(states).toEqual(['BeginRun', 'RunGranted', 'RunSkipped']);
    expect(output).toMatchObject({ holder: 'another' });
  });

  test('a run with expired credentials notifies a person and fails', async () => {
    const { status, error, states } = await run('expired', []);
    expect([status, error]).toEqual(['FAILED', 'CloudSync.Notified']);
    expect(states.slice(-4)).toEqual(['EndRun', 'NotificationDue', 'NotifyCriticalFailure', 'SyncFailed']);
    expect(await messages(names.mailbox)).toEqual([
      expect.objectContaining({ Subject: 'The run failed', Message: 'SCRIPTED: as the test wanted it' }),
    ]);
  });

  test('a run notifies a person and fails without a retry if a function throws', async () => {
    const { error, states, history } = await run('throws', []);
    expect(error).toBe('CloudSync.Notified');
    expect(states.slice(2)).toEqual(['ValidateTokens', 'EndRun', 'NotificationDue', 'NotifyCriticalFailure', 'SyncFailed']);
    expect(history.filter(({ type }) => type === 'TaskFailed')).toHaveLength(1);
    // The emulator names every error of a function `Runtime.HandlerError`; AWS says `TypeError`.
    expect(await messages(names.mailbox)).toEqual([
      expect.objectContaining({ Message: expect.stringContaining('Runtime.HandlerError') as string }),
    ]);
  });

  test('if every call of a function runs out of time, the run repeats the call, then notifies a person and fails', async () => {
    const { error, history } = await run('hangs', []);
    expect(error).toBe('CloudSync.Notified');
    expect(history.filter(({ type }) => type === 'TaskFailed')).toHaveLength(4);
    expect(await messages(names.mailbox)).toEqual([
      expect.objectContaining({ Message: expect.stringContaining('Sandbox.Timedout') as string }),
    ]);
  });
});

describe('the work lines of a run', () => {
  let ended: EndedExecution;
  const children = new Map<string, EndedExecution>();

  beforeAll(async () => {
    ended = await run('partial', ['ok', 'slices', 'failed', 'quarantined', 'throws', 'hangs']);
    for (const arn of await childrenOf(aws, ended.arn)) {
      const child = await describeEnded(aws, arn);
      children.set(await mediumOf(arn), child);
    }
  });

  test('work lines can fail without failing the run, and one notification reports them', async () => {
    expect([ended.status, ended.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
    expect(await messages(names.mailbox)).toEqual([expect.objectContaining({ Subject: 'Partial', Message: 'Some are missing' })]);
  });

  test.each(['ok', 'slices'])('the work line of the medium `%s` succeeds with a small output', (medium) => {
    expect(children.get(medium)).toMatchObject({ status: 'SUCCEEDED', output: { complete: true } });
  });

  test.each(['failed', 'quarantined', 'throws'])('the work line of the medium `%s` fails with the reason', (medium) => {
    const child = children.get(medium);
    expect(child).toMatchObject({ status: 'FAILED', error: 'CloudSync.VideoFailed' });
    expect(JSON.parse(child?.cause ?? '')).toMatchObject({ Error: medium === 'throws' ? 'Runtime.HandlerError' : 'SCRIPTED' });
  });

  test('a work line continues after an invocation that was killed at its time limit', () => {
    const child = children.get('hangs');
    expect(child).toMatchObject({ status: 'SUCCEEDED' });
    expect(child?.history.filter(({ type }) => type === 'TaskFailed')).toHaveLength(1);
  });

  test('a work line with a quarantined medium sends a message to the poison queue', async () => {
    expect(await messages(names.poisonQueue)).toEqual([
      expect.objectContaining({
        provider: 'gopro',
        media: ['quarantined'],
        quarantined: 1,
        execution: expect.objectContaining({ name: ended.name }) as unknown,
      }),
    ]);
  });
});

interface Names {
  readonly machine: string;
  readonly runsBucket: string;
  readonly poisonQueue: string;
  /** The URL of a queue that receives the topic's notifications. */
  readonly mailbox: string;
}

async function deploy(): Promise<Names> {
  const source = readFileSync(join(import.meta.dirname, 'support/scripted-functions.cjs'), 'utf8');
  // Functions that hang in a test get a short time limit. All other functions may be slow on a busy
  // machine.
  const [short, long] = [Duration.seconds(3), Duration.seconds(30)];
  const timeouts = { 'token-validator': short, 'media-lister': long, 'video-downloader': short, 'run-manager': long };
  const TemplateBody = JSON.stringify(Template.fromStack(sampleStack({ source, timeouts })).toJSON());
  const StackName = 'sample';
  await aws.cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }));
  const status = async () => (await aws.cloudFormation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
  while ((await status())?.StackStatus === 'CREATE_IN_PROGRESS') await sleep(50);
  expect(await status()).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  const { StackResourceSummaries: resources = [] } = await aws.cloudFormation.send(new ListStackResourcesCommand({ StackName }));
  const find = (type: string) => resources.find(({ ResourceType }) => ResourceType === type)?.PhysicalResourceId ?? '';
  const { QueueUrl: mailbox = '' } = await aws.sqs.send(new CreateQueueCommand({ QueueName: 'mailbox' }));
  const Endpoint = `arn:aws:sqs:${region}:${account}:mailbox`;
  await aws.sns.send(new SubscribeCommand({ TopicArn: find('AWS::SNS::Topic'), Protocol: 'sqs', Endpoint }));
  return {
    machine: find('AWS::StepFunctions::StateMachine'),
    runsBucket: find('AWS::S3::Bucket'),
    poisonQueue: find('AWS::SQS::Queue'),
    mailbox,
  };
}

/**
 * Runs an execution with one work line per medium. `name` and `media` decide what the functions
 * reply.
 */
async function run(name: string, media: readonly string[]): Promise<EndedExecution> {
  const Body = media.map((id, index) => `${JSON.stringify({ line: index + 1, media: [id] })}\n`).join('');
  if (Body !== '')
    await aws.s3.send(new PutObjectCommand({ Bucket: names.runsBucket, Key: `runs/${name}/manifest.jsonl`, Body }));
  const { executionArn = '' } = await aws.sfn.send(
    new StartExecutionCommand({ stateMachineArn: names.machine, name, input: '{}' }),
  );
  while ((await aws.sfn.send(new DescribeExecutionCommand({ executionArn }))).status === 'RUNNING') await sleep(50);
  return describeEnded(aws, executionArn);
}

async function mediumOf(executionArn: string): Promise<string> {
  const { input = '' } = await aws.sfn.send(new DescribeExecutionCommand({ executionArn }));
  return (JSON.parse(input) as { line: { media: string[] } }).line.media[0] ?? '';
}

/** Receives up to ten messages from a queue. */
async function messages(QueueUrl: string): Promise<unknown[]> {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
  );
  return Messages.map(({ Body = '' }) => JSON.parse(Body) as unknown);
}
