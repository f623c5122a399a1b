import { ArnFormat, Stack } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { FunctionName } from '../src/aws/contract.ts';
import type { Provider } from '../src/media.ts';
import { statusIndex } from '../src/tracker/dynamodb/items.ts';
import type { Archive } from './archive-stack.ts';

/** The actions that a function may call on the named resources. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why the function needs the actions, and why a resource with a wildcard cannot be narrower. */
  readonly reason: string;
}

/** The resources that functions use. */
export interface Reachable {
  readonly archive: Archive;
  readonly runsBucket: s3.Bucket;
  /** The name of the state machine. Its executions own the run lease. */
  readonly machineName: string;
}

const provider: Provider = 'gopro';
const keyNames = 'The keys contain the names of files.';

/**
 * Returns all permissions of each function, except tracing. No function can delete an object,
 * because the archive is append-only. S3 checks `s3:GetObject` for a HEAD request. For a missing
 * key S3 answers 404 if the role has `s3:ListBucket`, and 403 if not.
 */
export function permissionsOf(reachable: Reachable): Readonly<Record<FunctionName, readonly Permission[]>> {
  const { archive } = reachable;
  const files = [`${archive.bucketArn}/${provider}-videos/*`];
  const publishing = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:GetObjectTagging', 's3:PutObjectTagging'];
  const publish: Permission = {
    actions: publishing,
    resources: files,
    reason: `Finished uploads of a killed run are published. ${keyNames}`,
  };
  const store: Permission = {
    actions: [...publishing, 's3:ListMultipartUploadParts'],
    resources: files,
    reason: `Files are archived in parts and read back. ${keyNames}`,
  };
  const sweep: Permission = {
    actions: ['s3:ListBucketMultipartUploads'],
    resources: [archive.bucketArn],
    reason: 'Uploads that no run resumes are dropped.',
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

/** Permissions to read the id of the archive in the bucket. */
function archiveId({ bucketArn, key }: Archive): Permission[] {
  return [
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/.cloud-sync/archive.json`], reason: 'The id of the archive.' },
    { actions: ['s3:ListBucket'], resources: [bucketArn], reason: 'Distinguishes a missing object from a denied one.' },
    ...(key ? [{ actions: ['kms:Decrypt'], resources: [key.keyArn], reason: 'The archive is encrypted with this key.' }] : []),
  ];
}

/**
 * Permissions for the objects below `.cloud-sync/`. With a customer key, a multipart upload also
 * needs `kms:Decrypt`.
 */
function ownObjects({ bucketArn, key }: Archive): Permission[] {
  return [
    {
      actions: ['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging'],
      resources: [`${bucketArn}/.cloud-sync/*`],
      reason: "The archive's id, the lease of a run, and records of files. The records have the names of the files.",
    },
    {
      actions: ['s3:ListBucket'],
      resources: [bucketArn],
      reason: 'Distinguishes a missing object from a denied one, and lists files.',
    },
    ...(key
      ? [
          {
            actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
            resources: [key.keyArn],
            reason: 'The archive is encrypted with this key.',
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
      reason: 'Temporary files, in a folder with the name of the execution.',
    },
    {
      actions: ['s3:ListBucket'],
      resources: [runsBucket.bucketArn],
      reason: 'Distinguishes a missing object from a denied one.',
    },
  ];
}

function facts({ table }: Archive): Permission {
  return {
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
    resources: [table.tableArn],
    reason: 'Small facts that functions share. A write reads the lease of the run.',
  };
}

/** Permissions for the table. A transaction needs the permission for each of its actions. */
function ledger({ table }: Archive): Permission[] {
  const rows = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
  return [
    { actions: rows.map((action) => `dynamodb:${action}`), resources: [table.tableArn], reason: 'The ledger of the archive.' },
    {
      actions: ['dynamodb:Query'],
      resources: [`${table.tableArn}/index/${statusIndex}`],
      reason: 'Finds rows by status without reading the whole ledger.',
    },
  ];
}

function executions(stack: Stack, machineName: string): Permission {
  const executionsOf = { service: 'states', resource: 'execution', arnFormat: ArnFormat.COLON_RESOURCE_NAME };
  return {
    actions: ['states:DescribeExecution'],
    resources: [stack.formatArn({ ...executionsOf, resourceName: `${machineName}:*` })],
    reason: 'Checks whether the execution with the run lease still runs. Every execution has its own name.',
  };
}

/** The permission to write to the function's own log group and to no other. */
export function logPermission(logGroup: logs.ILogGroup): Permission {
  return {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
    reason: 'The log of the function. The platform chooses the names of the streams.',
  };
}
