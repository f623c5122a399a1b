import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Conditions } from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { FunctionName } from '../src/aws/contract.ts';
import { runFiles } from '../src/aws/names.ts';
import { idKey, ownFolder } from '../src/destination/s3/bookkeeping/small-objects.ts';
import { probeKey } from '../src/destination/s3/probe/puts.ts';
import type { Provider } from '../src/media.ts';
import { statusIndex, statusKey } from '../src/tracker/dynamodb/items.ts';
import { archivePartition } from '../src/tracker/dynamodb/keys.ts';
import type { Archive } from './archive-stack.ts';

/** The actions that a function may call on the named resources. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** What else must be true of a request, in the form of an IAM policy. */
  readonly conditions?: Conditions;
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
 * because the archive is append-only. The policy of the bucket also denies all functions to replace
 * a file. S3 checks `s3:GetObject` for a HEAD request. For a missing key S3 answers 404 if the role
 * has `s3:ListBucket`, and 403 if not.
 */
export function permissionsOf(reachable: Reachable): Readonly<Record<FunctionName, readonly Permission[]>> {
  const { archive, runsBucket } = reachable;
  const { listing, manifest } = runFiles;
  return {
    'token-validator': [credentials(archive), ...archiveId(archive), facts(archive)],
    'media-lister': [
      credentials(archive),
      ...archiveReads(archive),
      ...archiveWrites(archive, ['records/*']),
      publishes(archive),
      sweeps(archive),
      ...runObjects(runsBucket, ['s3:GetObject'], [listing]),
      ...runObjects(runsBucket, ['s3:PutObject'], [listing, manifest]),
      ...ledger(archive),
    ],
    'video-downloader': [
      credentials(archive),
      ...archiveReads(archive),
      ...archiveWrites(archive, ['records/*']),
      stores(archive),
      ...ledger(archive),
    ],
    'run-manager': [
      ...archiveReads(archive),
      ...archiveWrites(archive, ['lease', 'records/*']),
      newArchive(archive),
      ...runObjects(runsBucket, ['s3:GetObject'], [listing]),
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
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/${idKey}`], reason: 'The id of the archive.' },
    { actions: ['s3:ListBucket'], resources: [bucketArn], reason: 'Distinguishes a missing object from a denied one.' },
    ...(key ? [{ actions: ['kms:Decrypt'], resources: [key.keyArn], reason: 'The archive is encrypted with this key.' }] : []),
  ];
}

function filesIn({ bucketArn }: Archive): string {
  return `${bucketArn}/${provider}-videos/*`;
}

function archiveReads(archive: Archive): Permission[] {
  const { bucketArn } = archive;
  return [
    {
      actions: ['s3:GetObject'],
      resources: [`${bucketArn}/${ownFolder}*`, filesIn(archive)],
      reason: `The archive's id, the lease of a run, records of files, and files. ${keyNames}`,
    },
    {
      actions: ['s3:ListBucket'],
      resources: [bucketArn],
      reason: 'Distinguishes a missing object from a denied one, and lists files.',
    },
  ];
}

/**
 * Permissions to write the named objects below `.cloud-sync/`, and what every function needs to
 * write. With a customer key, a multipart upload also needs `kms:Decrypt`.
 */
function archiveWrites({ bucketArn, key }: Archive, names: readonly string[]): Permission[] {
  const resources = names.map((name) => `${bucketArn}/${ownFolder}${name}`);
  const encryption = {
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    reason: 'The archive is encrypted with this key.',
  };
  return [
    { actions: ['s3:PutObject'], resources, reason: `The lease of a run, or records of files. ${keyNames}` },
    {
      actions: ['s3:PutObject', 's3:PutObjectTagging', 's3:AbortMultipartUpload'],
      resources: [`${bucketArn}/${probeKey}`],
      reason: 'Shows what a store can do, if its address is not a known address of AWS.',
    },
    ...(key ? [{ ...encryption, resources: [key.keyArn] }] : []),
  ];
}

/** The permission to write the id of a new archive. An existing id cannot be replaced. */
function newArchive({ bucketArn }: Archive): Permission {
  return {
    actions: ['s3:PutObject'],
    resources: [`${bucketArn}/${idKey}`],
    conditions: { Null: { 's3:if-none-match': 'false' } },
    reason: 'The first run creates the archive.',
  };
}

const publishing = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObjectTagging', 's3:PutObjectTagging'];

function publishes(archive: Archive): Permission {
  const reason = `Finished uploads of a killed run are published. ${keyNames}`;
  return { actions: publishing, resources: [filesIn(archive)], reason };
}

function stores(archive: Archive): Permission {
  const reason = `Files are archived in parts. ${keyNames}`;
  return { actions: [...publishing, 's3:ListMultipartUploadParts'], resources: [filesIn(archive)], reason };
}

function sweeps({ bucketArn }: Archive): Permission {
  const reason = 'Uploads that no run resumes are dropped.';
  return { actions: ['s3:ListBucketMultipartUploads'], resources: [bucketArn], reason };
}

function runObjects({ bucketArn }: s3.Bucket, actions: readonly string[], names: readonly string[]): Permission[] {
  const resources = names.map((name) => `${bucketArn}/runs/*/${name}`);
  return [
    { actions, resources, reason: 'Temporary files, in a folder with the name of the execution.' },
    { actions: ['s3:ListBucket'], resources: [bucketArn], reason: 'Distinguishes a missing object from a denied one.' },
  ];
}

/** Limits a permission for the table to these partitions. IAM cannot limit it to sort keys. */
function inPartitions(...names: readonly string[]): Conditions {
  return { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': names } };
}

/** The permission to read single rows: the binding to the archive, and a fact. */
function facts({ table }: Archive): Permission {
  return {
    actions: ['dynamodb:GetItem'],
    resources: [table.tableArn],
    conditions: inPartitions(provider, archivePartition),
    reason: 'Small facts that functions share.',
  };
}

/** Permissions for the table. A transaction needs the permission for each of its actions. */
function ledger({ table }: Archive): Permission[] {
  const rows = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'];
  return [
    {
      actions: rows.map((action) => `dynamodb:${action}`),
      resources: [table.tableArn],
      conditions: inPartitions(provider, archivePartition),
      reason: 'The ledger of the archive.',
    },
    {
      actions: ['dynamodb:BatchWriteItem'],
      resources: [table.tableArn],
      conditions: inPartitions(archivePartition),
      reason: 'Removes the parts of finished uploads.',
    },
    {
      actions: ['dynamodb:Query'],
      resources: [`${table.tableArn}/index/${statusIndex}`],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [statusKey(provider, '*')] } },
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
