import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { functionNames, type FunctionName } from '../src/aws/contract.ts';
import { environmentNames } from '../src/aws/platform/environment.ts';
import { resourceNames } from '../src/aws/names.ts';
import { acknowledgeWildcard } from './acknowledge.ts';
import type { Deployment } from './archive-stack.ts';
import type { EnvironmentSettings } from './environments.ts';
import { ownAccount } from './own-account.ts';
import { logPermission, permissionsOf, type Permission, type Reachable } from './permissions.ts';

interface Size {
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

const sizes: Readonly<Record<FunctionName, Size>> = {
  'token-validator': { memoryMb: 256, timeoutSeconds: 30 },
  'media-lister': { memoryMb: 512, timeoutSeconds: 5 * 60 },
  'video-downloader': { memoryMb: 1_024, timeoutSeconds: 15 * 60 },
  // The summary of a run may read a hundred thousand media from the tracker.
  'run-manager': { memoryMb: 512, timeoutSeconds: 5 * 60 },
};

export interface FunctionsOptions extends Reachable, Deployment {
  /** Returns the bundle of a function. The bundle exports `handler` in `index.mjs`. */
  readonly codeOf: (name: FunctionName) => lambda.Code;
}

export function createFunctions(scope: Construct, options: FunctionsOptions): Readonly<Record<FunctionName, lambda.Function>> {
  const permissions = permissionsOf(options);
  const entries = functionNames.map((name) => [name, createFunction(scope, name, permissions[name], options)] as const);
  return Object.fromEntries(entries) as Record<FunctionName, lambda.Function>;
}

function createFunction(
  scope: Construct,
  name: FunctionName,
  permissions: readonly Permission[],
  options: FunctionsOptions,
): lambda.Function {
  const id = name.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
  const { context } = options;
  const { functions, logGroups } = resourceNames(context.env);
  const logGroup = new logs.LogGroup(scope, `${id}Log`, {
    logGroupName: logGroups[name],
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const { memoryMb, timeoutSeconds } = sizes[name];
  const forced = name === 'video-downloader' ? context.downloaderTimeoutSeconds : undefined;
  const created = new lambda.Function(scope, id, {
    functionName: functions[name],
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: options.codeOf(name),
    memorySize: memoryMb,
    timeout: Duration.seconds(forced ?? timeoutSeconds),
    role: createRole(scope, `${id}Role`, [logPermission(logGroup), ...permissions]),
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    tracing: lambda.Tracing.ACTIVE,
    environment: environmentOf(name, options),
  });
  Validations.of(created).acknowledge({
    id: 'Serverless-LambdaDLQ',
    reason:
      'The state machine waits for the reply of each call. A dead-letter queue gets only asynchronous calls, and there are none.',
  });
  return created;
}

/**
 * Creates a role without managed policies, because managed policies allow more than a function
 * needs.
 */
function createRole(scope: Construct, id: string, permissions: readonly Permission[]): iam.Role {
  const role = new iam.Role(scope, id, { assumedBy: ownAccount('lambda.amazonaws.com') });
  for (const { actions, resources, conditions = {}, reason } of permissions) {
    role.addToPolicy(new iam.PolicyStatement({ actions: [...actions], resources: [...resources], conditions }));
    for (const resource of resources) if (resource.includes('*')) acknowledgeWildcard(role, resource, reason);
  }
  acknowledgeWildcard(role, '*', 'Permissions for traces cannot name a resource.');
  return role;
}

function environmentOf(
  name: FunctionName,
  { archive, runsBucket, context, environment }: FunctionsOptions,
): Record<string, string> {
  const set = Object.entries({
    [environmentNames.table]: archive.table.tableName,
    [environmentNames.archiveBucket]: context.archiveBucket ?? archive.bucketName,
    [environmentNames.runsBucket]: runsBucket.bucketName,
    [environmentNames.secret]: resourceNames(context.env).secret,
    [environmentNames.stage]: context.env,
    [environmentNames.include]: environment.include.join(),
    [environmentNames.noProve]: environment.prove ? undefined : true,
    [environmentNames.quarantineAfter]: context.quarantineAfter ?? environment.quarantineAfter,
    [environmentNames.concurrency]: environment.partConcurrency,
    [environmentNames.goproRps]: rpsOf(name, environment),
    [environmentNames.gopro]: context.goproApiUrl,
    [environmentNames.s3Endpoint]: context.s3Endpoint,
    [environmentNames.stallTimeoutMs]: context.stallTimeoutMs,
    [environmentNames.sliceSeconds]: context.sliceSeconds,
    NODE_OPTIONS: '--enable-source-maps',
    ...context.functionEnvironment,
  });
  return Object.fromEntries(set.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));
}

/**
 * Returns one function's share of the requests per second. Only downloaders run at the same time,
 * one for each child of the map.
 */
function rpsOf(name: FunctionName, { goproRps, mapConcurrency }: EnvironmentSettings): number {
  return name === 'video-downloader' ? goproRps / mapConcurrency : goproRps;
}
