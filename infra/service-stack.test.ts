import { Validations } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, test } from 'vitest';
import { stages } from '../src/config/stages.ts';
import { machineOf, queueArnOf, sampleStacks, sampleTemplates, type Templates } from '../test/aws/support/sample-stacks.ts';

let prod: Templates;
let service: Template;
beforeAll(() => {
  prod = sampleTemplates({ env: 'prod', email: 'somebody@example.org' });
  ({ service } = prod);
});

test.each(stages)('in the stage %s every finding of the AwsSolutions and Serverless rules has an explanation', (env) => {
  for (const encryption of ['sse-s3', 'kms'] as const) {
    const { app } = sampleStacks({ env, email: 'somebody@example.org' }, { encryption });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    expect(() => app.synth()).not.toThrow();
  }
});

test('the rules report a finding that has no explanation', () => {
  const { app, service: stack } = sampleStacks({ env: 'dev' });
  const queue = new Queue(stack, 'Unexplained');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  expect(queue.queueName).toBeDefined();
  expect(() => app.synth()).toThrow();
});

test('no resource is created by code that runs at deployment', () => {
  for (const template of Object.values(prod)) {
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type);
    expect(types.filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
  }
  service.resourceCountIs('AWS::Lambda::Function', 4);
});

test('the archive stack cannot be removed while the service uses it', () => {
  const text = JSON.stringify(service.toJSON());
  expect(text).toContain('"Fn::ImportValue":"cloud-sync-prod-archive:');
  expect(text).not.toContain('Fn::GetStackOutput');
});

describe('functions', () => {
  test.each([
    ['token-validator', 256, 30],
    ['media-lister', 512, 300],
    ['video-downloader', 1_024, 900],
    ['run-manager', 512, 300],
  ])('the function %s has its memory, time-out, traces and logs', (name, MemorySize, Timeout) => {
    service.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `gopro-sync-${name}`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize,
      Timeout,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON', LogGroup: Match.anyValue() },
    });
    service.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: `/aws/lambda/gopro-sync-${name}`, RetentionInDays: 30 });
  });

  test('the environment of each function names its resources and its share of the request rate', () => {
    const environment = environmentOf(service, 'video-downloader');
    expect(environment).toMatchObject({
      CLOUD_SYNC_SECRET: 'gopro/credentials',
      CLOUD_SYNC_STAGE: 'prod',
      CLOUD_SYNC_INCLUDE: '',
      CLOUD_SYNC_QUARANTINE_AFTER: '10',
      CLOUD_SYNC_CONCURRENCY: '5',
      CLOUD_SYNC_GOPRO_API_RPS: '0.8',
    });
    expect(environment).toHaveProperty('CLOUD_SYNC_TABLE');
    expect(environment).toHaveProperty('CLOUD_SYNC_ARCHIVE_BUCKET');
    expect(environment).toHaveProperty('CLOUD_SYNC_RUNS_BUCKET');
    for (const name of ['GOPRO_API_URL', 'S3_ENDPOINT', 'STALL_TIMEOUT_MS', 'SLICE_SECONDS'])
      expect(environment).not.toHaveProperty(`CLOUD_SYNC_${name}`);
    expect(environmentOf(service, 'media-lister')).toMatchObject({ CLOUD_SYNC_GOPRO_API_RPS: '4' });
  });
});

function environmentOf(template: Template, name: string): Record<string, unknown> {
  const functions = Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
  return functions.find(({ FunctionName }) => FunctionName.endsWith(name))?.Environment.Variables;
}

test('temporary files of runs expire after 30 days, with and without a customer key for the archive', () => {
  for (const template of [service, sampleTemplates({ env: 'prod' }, { encryption: 'kms' }).service]) {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 30, Status: 'Enabled' })] },
        VersioningConfiguration: Match.absent(),
      },
    });
  }
});

test('the schedule uses local time, stops retries after two hours, and keeps failed starts in a queue', () => {
  service.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'cron(15 4 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Paris',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
    Target: {
      Arn: machineOf(service),
      Input: '{"trigger":"schedule"}',
      RetryPolicy: { MaximumEventAgeInSeconds: 7_200, MaximumRetryAttempts: 3 },
      DeadLetterConfig: { Arn: queueArnOf(service, 'gopro-sync-schedule-dlq') },
    },
  });
});

describe('settings for the emulator and for tests', () => {
  const left = ['AWS::CloudWatch::CompositeAlarm', 'AWS::Logs::QueryDefinition', 'AWS::SecretsManager::ResourcePolicy'];

  test('exactly the resources that the emulator refuses are left out', () => {
    const real = sampleTemplates({ env: 'dev' });
    const emulated = sampleTemplates({ env: 'dev', emulator: 'true' });
    for (const name of ['archive', 'service'] as const) {
      const ids = Object.entries(real[name].toJSON().Resources as Record<string, { Type: string }>).flatMap(([id, { Type }]) =>
        left.includes(Type) ? [] : [id],
      );
      expect(Object.keys(emulated[name].toJSON().Resources)).toEqual(ids);
    }
  });

  test('a test can replace the addresses of GoPro and of the store', () => {
    const { service: template } = sampleTemplates({
      env: 'dev',
      emulator: 'true',
      goproApiUrl: 'http://127.0.0.1:1/',
      s3Endpoint: 'http://127.0.0.1:2/',
      archiveBucket: 'elsewhere',
      stallTimeoutMs: '500',
      sliceSeconds: '2',
      quarantineAfter: '1',
      downloaderTimeoutSeconds: '20',
      functionEnvironment: '{"AWS_ENDPOINT_URL":"http://127.0.0.1:3"}',
    });
    expect(environmentOf(template, 'video-downloader')).toMatchObject({
      CLOUD_SYNC_GOPRO_API_URL: 'http://127.0.0.1:1/',
      CLOUD_SYNC_S3_ENDPOINT: 'http://127.0.0.1:2/',
      CLOUD_SYNC_ARCHIVE_BUCKET: 'elsewhere',
      CLOUD_SYNC_STALL_TIMEOUT_MS: '500',
      CLOUD_SYNC_SLICE_SECONDS: '2',
      CLOUD_SYNC_QUARANTINE_AFTER: '1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:3',
    });
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'cloud-sync-dev-video-downloader', Timeout: 20 });
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'cloud-sync-dev-media-lister', Timeout: 300 });
  });
});
