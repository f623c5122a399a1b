import { RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { FunctionName } from '../src/aws/contract.ts';
import { nameIn, resourceNames } from '../src/aws/names.ts';
import { createAlarms } from './alarms.ts';
import { createAlerts, notifyOfSilentEnds } from './alerts.ts';
import type { Archive, Deployment } from './archive-stack.ts';
import { createRunsBucket } from './bucket.ts';
import { createDashboard } from './dashboard.ts';
import { createFunctions } from './functions.ts';
import { createSchedule } from './schedule.ts';
import { addOutputs } from './outputs.ts';
import { createOrchestrator } from './state-machine.ts';

/**
 * Creates the stack of everything that can be removed and created again: the functions, the machine
 * and their monitoring.
 */
export function createServiceStack(
  app: App,
  options: Deployment & { readonly archive: Archive; readonly codeOf: (name: FunctionName) => lambda.Code },
): Stack {
  const { context, environment } = options;
  const { env: stage } = context;
  const stack = new Stack(app, `cloud-sync-${stage}-service`, {
    description: `Cloud Sync (${stage}): archives new media of the provider every night`,
  });
  const machineName = resourceNames(stage).stateMachine;
  const runsBucket = createRunsBucket(stack);
  const alerts = createAlerts(stack, { stage, email: context.email });
  const functions = createFunctions(stack, { ...options, runsBucket, machineName });
  const machine = createOrchestrator(stack, {
    name: machineName,
    functions,
    runsBucket: runsBucket as s3.IBucket,
    topic: alerts.topic,
    poisonQueue: alerts.poisonQueue,
    mapConcurrency: environment.mapConcurrency,
    logGroup: createMachineLog(stack, machineName),
  });
  createSchedule(stack, {
    name: nameIn(stage, 'gopro-sync-nightly'),
    at: environment.schedule,
    machine,
    deadLetterQueue: alerts.scheduleQueue,
  });
  notifyOfSilentEnds(stack, { ruleName: nameIn(stage, 'gopro-sync-silent-ends'), machine, alerts });
  const alarms = createAlarms(stack, { context, machine, functions, alerts });
  createDashboard(stack, { context, machine, functions, alarms });
  addOutputs(stack, {
    StateMachineArn: machine.stateMachineArn,
    AlertsTopicArn: alerts.topic.topicArn,
    PoisonQueueUrl: alerts.poisonQueue.queueUrl,
    RunsBucketName: runsBucket.bucketName,
  });
  return stack;
}

/**
 * Creates the machine's log group below /aws/vendedlogs/. A log group at another path would
 * lengthen the account's policy for log deliveries, which must stay short.
 */
function createMachineLog(stack: Stack, machineName: string): logs.LogGroup {
  return new logs.LogGroup(stack, 'OrchestratorLog', {
    logGroupName: `/aws/vendedlogs/states/${machineName}`,
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
