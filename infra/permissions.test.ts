import type { Template } from 'aws-cdk-lib/assertions';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import { expect, test } from 'vitest';
import { sampleTemplates } from '../test/aws/support/sample-stacks.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Allowed = Readonly<Record<string, readonly string[]>>;

/** Returns the actions that each role allows, by resource and condition. */
function allowed(template: Template): Record<string, Allowed> {
  const roles: Record<string, Record<string, string[]>> = {};
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy'))) {
    const role = (roles[readable(Properties.Roles[0])] ??= {});
    for (const statement of Properties.PolicyDocument.Statement as Statement[]) {
      expect(statement).toMatchObject({ Effect: 'Allow' });
      for (const resource of [statement.Resource].flat().map((each) => readable(each) + conditionOf(statement))) {
        role[resource] = [...(role[resource] ?? []), ...[statement.Action].flat()].toSorted();
      }
    }
  }
  return roles;
}

function conditionOf({ Condition = {} }: Statement): string {
  const tests = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => ` if ${operator} ${key} ${[value].flat().join('|')}`),
  );
  return tests.join();
}

/** Removes the suffixes with which CDK makes names unique. */
function readable(reference: unknown): string {
  return flattenCfnReference(reference)
    .replace('arn:<AWS::Partition>:s3:::gopro-archive-<AWS::AccountId>-<AWS::Region>', 'Archive')
    .replace(/cloud-sync-prod-archive:ExportsOutput(?:FnGetAtt|Ref)([A-Za-z]+?)[0-9A-F]{8}(?:Arn)?[0-9A-F]{8}/, '$1')
    .replace(/^<([A-Za-z]+?)(?:[0-9A-F]{8}|[0-9a-f]{6}[0-9A-F]{8})(?:\.Arn)?>/, '$1');
}

const rows = [
  'dynamodb:BatchGetItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
];
const write = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const trace = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
/** The rows of the provider's ledger, and the rows of the archive. */
const ledger = 'Tracker if ForAllValues:StringEquals dynamodb:LeadingKeys gopro|archive';
const archiveRows = 'Tracker if ForAllValues:StringEquals dynamodb:LeadingKeys archive';
const index = 'Tracker/index/provider-status-sync_timestamp-index if ForAllValues:StringLike dynamodb:LeadingKeys gopro#*';
const probe = ['s3:AbortMultipartUpload', 's3:PutObject', 's3:PutObjectTagging'];
/** What every function except the token validator may do with the ledger and with own objects. */
const common: Allowed = {
  [ledger]: rows,
  [archiveRows]: ['dynamodb:BatchWriteItem'],
  [index]: ['dynamodb:Query'],
  'Archive/.cloud-sync/*': ['s3:GetObject'],
  'Archive/.cloud-sync/probe': probe,
};
const executions = 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:gopro-sync-orchestrator';

/** Every role with all of its permissions. */
const written: Readonly<Record<string, Allowed>> = {
  TokenValidatorRole: {
    Credentials: ['secretsmanager:GetSecretValue'],
    [ledger]: ['dynamodb:GetItem'],
    Archive: ['s3:ListBucket'],
    'Archive/.cloud-sync/archive.json': ['s3:GetObject'],
    TokenValidatorLog: write,
    '*': trace,
  },
  MediaListerRole: {
    Credentials: ['secretsmanager:GetSecretValue'],
    ...common,
    Archive: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
    'Archive/.cloud-sync/records/*': ['s3:PutObject'],
    'Archive/gopro-videos/*': [
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:GetObjectTagging',
      's3:PutObject',
      's3:PutObjectTagging',
    ],
    Runs: ['s3:ListBucket'],
    'Runs/runs/*/listing.json': ['s3:GetObject', 's3:PutObject'],
    'Runs/runs/*/manifest.jsonl': ['s3:PutObject'],
    MediaListerLog: write,
    '*': trace,
  },
  VideoDownloaderRole: {
    Credentials: ['secretsmanager:GetSecretValue'],
    ...common,
    Archive: ['s3:ListBucket'],
    'Archive/.cloud-sync/records/*': ['s3:PutObject'],
    'Archive/gopro-videos/*': [
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:GetObjectTagging',
      's3:ListMultipartUploadParts',
      's3:PutObject',
      's3:PutObjectTagging',
    ],
    VideoDownloaderLog: write,
    '*': trace,
  },
  RunManagerRole: {
    ...common,
    Archive: ['s3:ListBucket'],
    'Archive/.cloud-sync/archive.json if Null s3:if-none-match false': ['s3:PutObject'],
    'Archive/.cloud-sync/lease': ['s3:PutObject'],
    'Archive/.cloud-sync/records/*': ['s3:PutObject'],
    'Archive/gopro-videos/*': ['s3:GetObject'],
    Runs: ['s3:ListBucket'],
    'Runs/runs/*/listing.json': ['s3:GetObject'],
    [`${executions}:*`]: ['states:DescribeExecution'],
    RunManagerLog: write,
    '*': trace,
  },
  OrchestratorRole: {
    TokenValidator: ['lambda:InvokeFunction'],
    MediaLister: ['lambda:InvokeFunction'],
    VideoDownloader: ['lambda:InvokeFunction'],
    RunManager: ['lambda:InvokeFunction'],
    Alerts: ['sns:Publish'],
    Poison: ['sqs:SendMessage'],
    'Runs/runs/*/manifest.jsonl': ['s3:GetObject'],
    'Runs/runs/*/results/*': ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
    [executions.replace(':execution:', ':stateMachine:')]: ['states:StartExecution'],
    [`${executions}:*`]: ['states:DescribeExecution', 'states:StopExecution'],
    [`${executions}/DownloadVideos:*`]: ['states:DescribeExecution', 'states:StopExecution'],
    // AWS offers no narrower resources for log deliveries and traces.
    '*': [
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ],
  },
  SilentEndsRole: { Alerts: ['sns:Publish'] },
  SchedulerRoleForTarget: {
    Orchestrator: ['states:StartExecution'],
    ScheduleDlq: ['sqs:SendMessage'],
  },
};

test('every role has exactly the permissions that the test file lists', () => {
  expect(allowed(sampleTemplates({ env: 'prod' }).service)).toEqual(written);
});

test('with a customer key, a role that reads the archive may decrypt, and a role that writes may also encrypt', () => {
  const both = ['kms:Decrypt', 'kms:GenerateDataKey'];
  expect(allowed(sampleTemplates({ env: 'prod' }, { encryption: 'kms' }).service)).toEqual({
    ...written,
    TokenValidatorRole: { ...written['TokenValidatorRole'], ArchiveKey: ['kms:Decrypt'] },
    MediaListerRole: { ...written['MediaListerRole'], ArchiveKey: both },
    VideoDownloaderRole: { ...written['VideoDownloaderRole'], ArchiveKey: both },
    RunManagerRole: { ...written['RunManagerRole'], ArchiveKey: both },
  });
});

test('the token validator reads the table and writes nothing to it', () => {
  const actions = Object.values(allowed(sampleTemplates({ env: 'prod' }).service)['TokenValidatorRole'] ?? {}).flat();
  expect(actions.filter((action) => action.startsWith('dynamodb:'))).toEqual(['dynamodb:GetItem']);
});

test('no role has a managed policy or an inline policy', () => {
  const { service } = sampleTemplates({ env: 'prod' });
  const roles = Object.values(service.findResources('AWS::IAM::Role'));
  expect(roles).toHaveLength(Object.keys(written).length);
  for (const { Properties } of roles) {
    expect(Object.keys(Properties)).not.toContain('ManagedPolicyArns');
    expect(Object.keys(Properties)).not.toContain('Policies');
  }
});

test('no allowed action contains a wildcard, and no role can delete an object', () => {
  const actions = Object.values(written).flatMap((role) => Object.values(role).flat());
  expect(actions.filter((action) => !/^[a-z0-9]+:[A-Za-z]+$/.test(action))).toEqual([]);
  expect(actions.filter((action) => action.startsWith('s3:Delete'))).toEqual([]);
});
