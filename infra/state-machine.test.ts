import { createRequire } from 'node:module';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { definitionIn } from './states/definition.ts';
import { sampleStack } from '../test/aws/support/sample-machine.ts';

interface Verdict {
  readonly isValid: boolean;
  readonly errorsText: (separator?: string) => string;
}
const validateDefinition = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => Verdict;

const stack = sampleStack();
const machine = definitionIn(stack);
const map = machine.States['DownloadVideos'];
const states = Object.entries({ ...machine.States, ...map?.ItemProcessor?.States });
const tasks = states.filter(([, { Type }]) => Type === 'Task');

test('the definition of the state machine is valid', () => {
  const { isValid, errorsText } = validateDefinition(structuredClone(machine));
  expect(isValid, errorsText()).toBe(true);
});

test('an execution has a time-out, its traces are on, and its logs contain no data', () => {
  expect(machine.TimeoutSeconds).toBe(12 * 3600);
  Template.fromStack(stack).hasResourceProperties('AWS::StepFunctions::StateMachine', {
    StateMachineName: 'gopro-sync-orchestrator',
    StateMachineType: 'STANDARD',
    TracingConfiguration: { Enabled: true },
    LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
  });
});

describe.each(tasks)('%s', (_name, { TimeoutSeconds, Retry = [], Catch = [] }) => {
  test('each task state has a time-out and catches every error', () => {
    expect(TimeoutSeconds).toBeGreaterThan(0);
    expect(Catch.map(({ ErrorEquals }) => ErrorEquals)).toEqual([['States.ALL']]);
    // The error is stored at `$.error` or dropped. It never replaces the input.
    expect([null, '$.error']).toContain(Catch[0]?.ResultPath);
  });

  test('each task state retries only after errors of the platform, and each wait is random', () => {
    expect(Retry.length).toBeGreaterThan(0);
    const names = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect(name).toMatch(/^(?:(?:Lambda|SNS|SQS)\.\w+|Sandbox\.Timedout|Runtime\.(?:ExitError|OutOfMemory)|States\.Timeout)$/);
    for (const retry of Retry) {
      expect(retry).toMatchObject({
        JitterStrategy: 'FULL',
        BackoffRate: 2,
        MaxAttempts: expect.any(Number),
        MaxDelaySeconds: expect.any(Number),
      });
    }
  });
});

test('the first step of a run has a time-out of 180 s, which is enough to watch a lease holder for a term', () => {
  expect(machine.States['BeginRun']?.TimeoutSeconds).toBe(180);
});

test('the time-out of a call is longer than the time-out of the called function', () => {
  expect(machine.States['GenerateSummary']?.TimeoutSeconds).toBe(330);
  expect(machine.States['ValidateTokens']?.TimeoutSeconds).toBe(60);
  expect(map?.ItemProcessor?.States['DownloadVideo']?.TimeoutSeconds).toBe(930);
});

test('a slice is repeated after it was killed or timed out', () => {
  const { Retry = [] } = map?.ItemProcessor?.States['DownloadVideo'] ?? {};
  for (const name of ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'States.Timeout']) {
    expect(Retry.find(({ ErrorEquals }) => ErrorEquals.includes(name))).toMatchObject({ MaxAttempts: 6 });
  }
});

describe('the map', () => {
  test('the map reads the manifest, works on five lines at a time, and goes on after a failed line', () => {
    expect(map).toMatchObject({
      Type: 'Map',
      Label: 'DownloadVideos',
      MaxConcurrency: 5,
      ToleratedFailurePercentage: 100,
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { 'Key.$': '$.listing.manifest_key' },
      },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      Retry: [{ ErrorEquals: ['States.ItemReaderFailed', 'States.ResultWriterFailed'], JitterStrategy: 'FULL' }],
    });
  });

  test('the map writes the results of its children into the bucket and not into the state', () => {
    expect(map?.ResultPath).toBeNull();
    expect(map?.ResultWriter).toMatchObject({
      Resource: 'arn:aws:states:::s3:putObject',
      Parameters: { 'Prefix.$': "States.Format('runs/{}/results', $$.Execution.Name)" },
    });
    expect(map?.ItemProcessor?.States['VideoComplete']).toMatchObject({ Result: { complete: true }, End: true });
  });

  test('the result writer needs a CDK flag, so a stack without this flag is refused', () => {
    expect(() => sampleStack({ context: {} })).toThrow('useDistributedMapResultWriterV2');
  });

  test('a work line stops after 200 slices and waits for the next run', () => {
    expect(map?.ItemProcessor?.States['SlicesLeft']).toMatchObject({
      Choices: [{ NumericLessThan: 200, Next: 'DownloadVideo' }],
      Default: 'VideoComplete',
    });
  });
});

test('a failed run that has sent a notification ends with an error that causes no second notification', () => {
  expect(machine.States['SyncFailed']).toMatchObject({ Type: 'Fail', Error: 'CloudSync.Notified' });
  expect(machine.States['SyncFailedUnnotified']).toMatchObject({ Type: 'Fail', Error: 'CloudSync.NotNotified' });
});

test('no state of a run has the same name as a state of a work line', () => {
  const names = [...Object.keys(machine.States), ...Object.keys(map?.ItemProcessor?.States ?? {})];
  expect(new Set(names).size).toBe(names.length);
});

describe('the role', () => {
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as readonly Statement[]);

  test('the role allows only the actions of a run, and only traces and logs have a wildcard resource', () => {
    expect(statements.flatMap(({ Action }) => Action).toSorted()).toEqual(allowed.toSorted());
    const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action);
    expect(open.every((action) => /^(?:xray|logs):/.test(action))).toBe(true);
  });

  test('only this account can assume the role', () => {
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'states.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
  });

  test('every wildcard of the role has an explanation', () => {
    const { violations } = new AwsSolutionsChecks(stack.node.root).validateScope(stack);
    const found = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ resourceLogicalId }) => `${resourceLogicalId}: ${ruleName}`),
    );
    expect(found.filter((finding) => finding.startsWith('Orchestrator'))).toEqual([]);
    // Findings in other resources of the sample stack show that the rules were applied.
    expect(found.length).toBeGreaterThan(0);
  });
});

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const allowed = [
  'lambda:InvokeFunction',
  'sns:Publish',
  'sqs:SendMessage',
  's3:GetObject',
  's3:PutObject',
  's3:GetObject',
  's3:ListMultipartUploadParts',
  's3:AbortMultipartUpload',
  'states:StartExecution',
  'states:DescribeExecution',
  'states:StopExecution',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];
