import { ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { nameIn, resourceNames } from '../src/aws/names.ts';
import type { Stage } from '../src/config/stages.ts';
import { ownAccount } from './own-account.ts';

/** Notifies a person, and keeps undelivered messages until a person has read them. */
export interface Alerts {
  readonly topic: sns.Topic;
  /** Messages about originals that need a person. The state machine writes these messages. */
  readonly poisonQueue: sqs.Queue;
  /** Scheduled starts that failed. The scheduler writes these messages. */
  readonly scheduleQueue: sqs.Queue;
  /** Notifications that the rule could not send, or that did not reach a subscriber. */
  readonly notificationQueue: sqs.Queue;
}

export function createAlerts(scope: Construct, options: { readonly stage: Stage; readonly email: string | undefined }): Alerts {
  const { stage, email } = options;
  const topic = new sns.Topic(scope, 'Alerts', {
    topicName: resourceNames(stage).topic,
    displayName: 'Cloud Sync',
    // The topic is not encrypted, because alarms cannot publish to a topic with the default key. No
    // message contains a secret.
    enforceSSL: true,
  });
  const queue = (id: string, name: string) => createQueue(scope, id, nameIn(stage, name));
  const alerts: Alerts = {
    topic,
    poisonQueue: queue('Poison', 'gopro-sync-poison'),
    scheduleQueue: queue('ScheduleDlq', 'gopro-sync-schedule-dlq'),
    notificationQueue: queue('NotificationDlq', 'gopro-sync-notification-dlq'),
  };
  // This policy replaces the default policy of the topic. The default policy lets alarms of the
  // account publish, so this policy has to allow that too.
  topic.grantPublish(ownAccount('cloudwatch.amazonaws.com'));
  if (email !== undefined) topic.addSubscription(new EmailSubscription(email, { deadLetterQueue: alerts.notificationQueue }));
  return alerts;
}

function createQueue(scope: Construct, id: string, name: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    queueName: name,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const reason = 'This queue is itself a dead-letter queue. A person reads its messages, so no consumer can fail.';
  for (const id of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) Validations.of(queue).acknowledge({ id, reason });
  return queue;
}

/** The error name of a run that has already notified a person. */
export const notifiedError = 'CloudSync.Notified';

/**
 * Notifies a person of a run that ended without a notification of its own: after a time-out, an
 * abort or an uncaught error.
 */
export function notifyOfSilentEnds(
  scope: Construct,
  options: { readonly ruleName: string; readonly machine: sfn.IStateMachine; readonly alerts: Alerts },
): events.Rule {
  const { ruleName, machine, alerts } = options;
  return new events.Rule(scope, 'SilentEnds', {
    ruleName,
    description: 'Runs that ended without a notification',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: {
        // The rule ignores the child executions of the map. The ARN in their events is longer,
        // because it ends with the label of the map.
        stateMachineArn: [machine.stateMachineArn],
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        error: [{ 'anything-but': notifiedError }, { exists: false }, null],
      },
    },
    targets: [
      new SnsTopic(alerts.topic, {
        message: events.RuleTargetInput.fromText(silentEndText()),
        role: notifierRole(scope, ruleName),
        deadLetterQueue: alerts.notificationQueue,
        retryAttempts: 3,
        maxEventAge: Duration.hours(2),
      }),
    ],
  });
}

/**
 * Creates the role with which the rule publishes. Without a role, the topic would have to let every
 * rule of every account publish.
 */
function notifierRole(scope: Construct, ruleName: string): iam.Role {
  const rule = { service: 'events', resource: 'rule', resourceName: ruleName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME };
  const sourceArn = Stack.of(scope).formatArn(rule);
  return new iam.Role(scope, 'SilentEndsRole', { assumedBy: ownAccount('events.amazonaws.com', { sourceArn }) });
}

function silentEndText(): string {
  const [name, status, arn] = ['name', 'status', 'executionArn'].map((field) => events.EventField.fromPath(`$.detail.${field}`));
  return [
    `Cloud Sync: the run ${name} ended as ${status} and could not send its own notification.`,
    `No archived file is lost, and the next run continues where this run ended. For the reason, read the history of ${arn}.`,
  ].join(' ');
}
