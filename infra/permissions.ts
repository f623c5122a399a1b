import { ArnFormat, Stack } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { FunctionName } from '../src/aws/contract.ts';
import type { Provider } from '../src/media.ts';
import { statusIndex } from '../src/tracker/dynamodb/items.ts';
import type { Archive } from './archive-stack.ts';

/** What a function may do. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** What for; and of a resource with a wildcard why no narrower one will do. */
  readonly reason: string;
}

/** What functions reach. */
export interface Reachable {
  readonly archive: Archive;
  readonly runsBucket: s3.Bucket;
  /** Its executions hold the run lease. */
  readonly machineName: string;
}

const provider: Provider = 'gopro';
const keysAreMany = 'A key is named after the file that it holds.';

/**
 * All that each function may do, except tracing. Nothing deletes an object: the archive is
 * append-only. HEAD is `s3:GetObject`; with `s3:ListBucket` a missing key is a 404 instead of a
 * 403.
 */
export function permissionsOf(reachable: Reachable): Readonly<Record<FunctionName, readonly Permission[]>> {
  const { archive } = reachable;
  const files = [`${archive.bucketArn}/${provider}-videos/*`];
  const publishing = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:GetObjectTagging', 's3:PutObjectTagging'];
  const publish: Permission = {
    actions: publishing,
    resources: files,
    reason: `What a killed run left unpublished is published. ${keysAreMany}`,
  };
  const store: Permission = {
    actions: [...publishing, 's3:ListMultipartUploadParts'],
    resources: files,
    reason: `Files are archived in parts and read back. ${keysAreMany}`,
  };
  const sweep: Permission = {
    actions: ['s3:ListBucketMultipartUploads'],
    resources: [archive.bucketArn],
    reason: 'Uploads that nobody goes on with are dropped.',
  };
  return {
    'token-validator': [credentials(archive), ...archiveId(archive), facts(archive)],
    'media-lister': [
      credentials(archive),
      ...ownObjects(archive),
      publish,
      sweep,
      ...runObjects(reachable, ['s3:GetObject', 's3:PutObject']),
      ...ledger(archive),
    ],
    'video-downloader': [credentials(archive), ...ownObjects(archive), store, ...ledger(archive)],
    'run-manager': [
      ...ownObjects(archive),
      ...runObjects(reachable, ['s3:GetObject']),
      ...ledger(archive),
      executions(archive.stack, reachable.machineName),
    ],
  };
}

function credentials({ secret }: Archive): Permission {
  return { actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn], reason: "The provider's credentials." };
}

/** Which archive this is. */
function archiveId({ bucketArn, key }: Archive): Permission[] {
  return [
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/.cloud-sync/archive.json`], reason: 'Which archive this is.' },
    { actions: ['s3:ListBucket'], resources: [bucketArn], reason: 'Tells a missing object from a denied one.' },
    ...(key ? [{ actions: ['kms:Decrypt'], resources: [key.keyArn], reason: 'The archive is encrypted with it.' }] : []),
  ];
}

/** What the archive keeps of itself. Multipart uploads need to decrypt, too. */
function ownObjects({ bucketArn, key }: Archive): Permission[] {
  return [
    {
      actions: ['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging'],
      resources: [`${bucketArn}/.cloud-sync/*`],
      reason: "The archive's id, what its store can do, and records of files; these are named after the files.",
    },
    {
      actions: ['s3:ListBucket'],
      resources: [bucketArn],
      reason: 'Tells a missing object from a denied one, and finds files again.',
    },
    ...(key
      ? [
          {
            actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
            resources: [key.keyArn],
            reason: 'The archive is encrypted with it.',
          },
        ]
      : []),
  ];
}

function runObjects({ runsBucket }: Reachable, actions: readonly string[]): Permission[] {
  return [
    {
      actions,
      resources: [`${runsBucket.bucketArn}/runs/*`],
      reason: 'Working papers, in a folder that is named after the execution.',
    },
    { actions: ['s3:ListBucket'], resources: [runsBucket.bucketArn], reason: 'Tells a missing object from a denied one.' },
  ];
}

function facts({ table }: Archive): Permission {
  return {
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
    resources: [table.tableArn],
    reason: 'Small facts that functions leave each other.',
  };
}

/** Transactions need what they consist of. */
function ledger({ table }: Archive): Permission[] {
  const rows = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
  return [
    { actions: rows.map((action) => `dynamodb:${action}`), resources: [table.tableArn], reason: 'The ledger of the archive.' },
    {
      actions: ['dynamodb:Query'],
      resources: [`${table.tableArn}/index/${statusIndex}`],
      reason: 'What is in a status, without reading the whole ledger.',
    },
  ];
}

function executions(stack: Stack, machineName: string): Permission {
  const executionsOf = { service: 'states', resource: 'execution', arnFormat: ArnFormat.COLON_RESOURCE_NAME };
  return {
    actions: ['states:DescribeExecution'],
    resources: [stack.formatArn({ ...executionsOf, resourceName: `${machineName}:*` })],
    reason: 'Whether the execution that holds the run lease is still running; every run has a name of its own.',
  };
}

/** Every function writes to its own log group and to no other. */
export function logPermission(logGroup: logs.ILogGroup): Permission {
  return {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
    reason: 'Its log; the platform names the streams.',
  };
}
