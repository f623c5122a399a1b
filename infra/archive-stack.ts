import { Aws, Duration, RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { nameIn, resourceNames } from '../src/aws/names.ts';
import { createArchiveBucket } from './bucket.ts';
import type { Context } from './context.ts';
import type { EnvironmentSettings } from './environments.ts';
import { createCredentials } from './secret.ts';
import { createTrackerTable } from './table.ts';
import { addOutputs } from './outputs.ts';

/** The settings of a deployment. */
export interface Deployment {
  readonly context: Context;
  readonly environment: EnvironmentSettings;
}

/** The resources that stay when the service is removed. */
export interface Archive {
  readonly stack: Stack;
  /** The bucket's name as plain text, so that permissions can name keys in the bucket. */
  readonly bucketName: string;
  readonly bucketArn: string;
  readonly table: dynamodb.Table;
  readonly secret: secretsmanager.Secret;
  /** The customer key of the bucket. It is undefined unless the encryption profile is `kms`. */
  readonly key: kms.Key | undefined;
}

/**
 * Creates the stack of the archive. The stack is protected from deletion and retains every
 * resource. Because of the flag `defaultCrossStackReferences: strong` in cdk.json, CloudFormation
 * also refuses to remove exports that the service imports.
 */
export function createArchiveStack(app: App, { context, environment }: Deployment): Archive {
  const { env: stage } = context;
  const names = resourceNames(stage);
  const stack = new Stack(app, `cloud-sync-${stage}-archive`, {
    description: `Cloud Sync (${stage}): the archive, its ledger and the credentials`,
    terminationProtection: true,
  });
  const key = environment.encryption === 'kms' ? createKey(stack, nameIn(stage, 'gopro-archive')) : undefined;
  const bucketName = `${nameIn(stage, 'gopro-archive')}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
  createArchiveBucket(stack, { name: bucketName, storage: environment.storage, key, isLocked: context.archive === 'locked' });
  const table = createTrackerTable(stack, { name: names.table, units: environment.tableUnits });
  const secret = createCredentials(stack, {
    name: names.secret,
    withPolicy: context.emulator ? 'none' : 'resource-policy',
  });
  addOutputs(stack, { ArchiveBucketName: bucketName });
  return { stack, bucketName, bucketArn: `arn:${Aws.PARTITION}:s3:::${bucketName}`, table, secret, key };
}

/**
 * Creates the key. Without the key nobody can read the archive, so AWS waits as long as possible
 * before a deletion.
 */
function createKey(scope: Construct, name: string): kms.Key {
  return new kms.Key(scope, 'ArchiveKey', {
    alias: name,
    description: 'Encrypts the archive of Cloud Sync. Without this key the archive cannot be read.',
    enableKeyRotation: true,
    pendingWindow: Duration.days(30),
    removalPolicy: RemovalPolicy.RETAIN,
  });
}
