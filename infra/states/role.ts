import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../acknowledge.ts';
import { ownAccount } from '../own-account.ts';
import type { Permission } from '../permissions.ts';
import { mapLabel, type RunOptions } from './run.ts';

/**
 * Creates the role of the machine. CDK's own grants would allow more: every version of a function,
 * and the whole bucket.
 */
export function orchestratorRole(scope: Construct, machineName: string, options: RunOptions): Role {
  const role = new Role(scope, 'OrchestratorRole', { assumedBy: ownAccount('states.amazonaws.com') });
  for (const { actions, resources, reason } of [...permissionsOf(options), ...mapPermissions(Stack.of(scope), machineName)]) {
    role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
    for (const resource of resources) if (resource.includes('*')) acknowledgeWildcard(role, resource, reason);
  }
  return role;
}

function permissionsOf({ functions, topic, poisonQueue, runsBucket }: RunOptions): readonly Permission[] {
  const runs = 'every run has its own folder';
  return [
    {
      actions: ['lambda:InvokeFunction'],
      resources: Object.values(functions).map(({ functionArn }) => functionArn),
      reason: 'The tasks of a run.',
    },
    { actions: ['sns:Publish'], resources: [topic.topicArn], reason: 'Notifies a person.' },
    { actions: ['sqs:SendMessage'], resources: [poisonQueue.queueArn], reason: 'Keeps the media that need a person.' },
    {
      actions: ['s3:GetObject'],
      resources: [runsBucket.arnForObjects('runs/*/manifest.jsonl')],
      reason: `The map reads its work lines; ${runs}.`,
    },
    {
      actions: ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
      resources: [runsBucket.arnForObjects('runs/*/results/*')],
      reason: `The map writes the results of its children; ${runs}.`,
    },
    ...tracingPermissions,
  ];
}

const noResources = 'Permissions for traces and log deliveries cannot name a resource.';

const tracingPermissions: readonly Permission[] = [
  {
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
    resources: ['*'],
    reason: noResources,
  },
  {
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
    ],
    resources: ['*'],
    reason: noResources,
  },
];

/** Permissions for the map. A distributed map starts its children as executions of this machine. */
function mapPermissions(stack: Stack, machineName: string): readonly Permission[] {
  const arnOf = (resource: string, resourceName: string) =>
    stack.formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  return [
    {
      actions: ['states:StartExecution'],
      resources: [arnOf('stateMachine', machineName)],
      reason: 'The map starts its children.',
    },
    {
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [arnOf('execution', `${machineName}:*`), arnOf('execution', `${machineName}/${mapLabel}:*`)],
      reason: 'The map follows its children. The platform chooses the names of the children.',
    },
  ];
}
