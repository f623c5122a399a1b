/** Deploys the real app with the real CDK tool into an emulated account. */
import { paginateListStackResources, type StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { functionNames, type FunctionName } from '../../../src/aws/contract.ts';
import { makeTempDir } from '../../support/temp-dir.ts';
import { account, region, type Aws } from './aws.ts';
import { cdk, stage } from './cdk.ts';
import type { SynthesizedApp } from './global-setup.ts';

/** Physical names of the deployed resources. */
export interface Deployment {
  readonly machineArn: string;
  readonly functions: Readonly<Record<FunctionName, string>>;
  readonly topicArn: string;
  readonly poisonQueueUrl: string;
  readonly archiveBucket: string;
  readonly runsBucket: string;
  readonly table: string;
  readonly secret: string;
}

/** Bootstraps the account and deploys both stacks. Takes about 5 s. */
export async function deploy(aws: Aws, app: SynthesizedApp): Promise<Deployment> {
  if (app.error) throw new Error(app.error);
  await using temp = await makeTempDir();
  const options = { home: temp.path, environment: aws.environment };
  await cdk(['bootstrap', `aws://${account}/${region}`, '--app', app.directory], options);
  await cdk(['deploy', '--all', '--require-approval', 'never', '--app', app.directory], options);
  return { ...(await archiveOf(aws)), ...(await serviceOf(aws)) };
}

async function archiveOf(aws: Aws) {
  const find = finder(await resourcesOf(aws, `cloud-sync-${stage}-archive`));
  return {
    archiveBucket: find('AWS::S3::Bucket', 'Archive'),
    table: find('AWS::DynamoDB::Table', 'Tracker'),
    secret: find('AWS::SecretsManager::Secret', 'Credentials'),
  };
}

async function serviceOf(aws: Aws) {
  const find = finder(await resourcesOf(aws, `cloud-sync-${stage}-service`));
  const functions = functionNames.map((name) => [name, find('AWS::Lambda::Function', pascalCase(name))] as const);
  return {
    machineArn: find('AWS::StepFunctions::StateMachine', 'Orchestrator'),
    functions: Object.fromEntries(functions) as Record<FunctionName, string>,
    topicArn: find('AWS::SNS::Topic', 'Alerts'),
    poisonQueueUrl: find('AWS::SQS::Queue', 'Poison'),
    runsBucket: find('AWS::S3::Bucket', 'Runs'),
  };
}

async function resourcesOf({ cloudFormation: client }: Aws, StackName: string): Promise<StackResourceSummary[]> {
  const resources: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName })) {
    resources.push(...(page.StackResourceSummaries ?? []));
  }
  return resources;
}

/**
 * Returns a function that finds a resource by its type and its construct. The logical id of such a
 * resource is the id of the construct with eight hexadecimal digits.
 */
function finder(resources: readonly StackResourceSummary[]) {
  return (type: string, id: string): string => {
    const found = resources.filter(
      ({ ResourceType, LogicalResourceId = '' }) =>
        ResourceType === type && /^[0-9A-F]{8}$/.test(LogicalResourceId.replace(id, '')),
    );
    const [only] = found;
    if (found.length !== 1 || !only?.PhysicalResourceId) throw new Error(`${found.length} resources are a ${type} named ${id}`);
    return only.PhysicalResourceId;
  };
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
