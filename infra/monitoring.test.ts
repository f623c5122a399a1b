import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { machineOf, queueArnOf, sampleTemplates } from '../test/aws/support/sample-stacks.ts';

let service: Template;
beforeAll(() => {
  ({ service } = sampleTemplates({ env: 'prod', email: 'somebody@example.org' }));
});

test('the queues are encrypted, accept only TLS, and keep messages until a person reads them', () => {
  service.resourceCountIs('AWS::SQS::Queue', 3);
  service.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3_600 });
  service.resourcePropertiesCountIs(
    'AWS::SQS::QueuePolicy',
    { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: insecure })]) } },
    3,
  );
});

const insecure = { Bool: { 'aws:SecureTransport': 'false' } };

test('the topic accepts only alarms of this account, and mails notifications to the given address', () => {
  service.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'somebody@example.org',
    RedrivePolicy: { deadLetterTargetArn: queueArnOf(service, 'gopro-sync-notification-dlq') },
  });
  service.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: [
        Match.objectLike({ Effect: 'Deny', Condition: insecure }),
        Match.objectLike({
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ],
    },
  });
  sampleTemplates({ env: 'prod' }).service.resourceCountIs('AWS::SNS::Subscription', 0);
});

test('the rule publishes with a role that only this rule can use', () => {
  const [rule] = Object.values(service.findResources('AWS::Events::Rule'));
  expect(rule?.['Properties']).toMatchObject({
    Name: 'gopro-sync-silent-ends',
    Targets: [{ RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^SilentEndsRole/), 'Arn'] } }],
  });
  const [partition, region, account] = ['Partition', 'Region', 'AccountId'].map((name) => ({ Ref: `AWS::${name}` }));
  const sourceArn = ['arn:', partition, ':events:', region, ':', account, ':rule/gopro-sync-silent-ends'];
  service.hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [
        {
          Principal: { Service: 'events.amazonaws.com' },
          Condition: {
            StringEquals: { 'aws:SourceAccount': account },
            ArnEquals: { 'aws:SourceArn': { 'Fn::Join': ['', sourceArn] } },
          },
        },
      ],
    },
  });
});

test('the rule notifies a person when a run ended without sending a notification', () => {
  const [rule] = Object.values(service.findResources('AWS::Events::Rule'));
  expect(rule?.['Properties'].EventPattern).toEqual({
    source: ['aws.states'],
    'detail-type': ['Step Functions Execution Status Change'],
    detail: {
      stateMachineArn: [machineOf(service)],
      status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
      error: [{ 'anything-but': 'CloudSync.Notified' }, { exists: false }, null],
    },
  });
  service.hasResourceProperties('AWS::Events::Rule', {
    Targets: [
      Match.objectLike({
        Arn: { Ref: Match.stringLikeRegexp('^Alerts') },
        DeadLetterConfig: { Arn: queueArnOf(service, 'gopro-sync-notification-dlq') },
        RetryPolicy: { MaximumEventAgeInSeconds: 7_200, MaximumRetryAttempts: 3 },
      }),
    ],
  });
});

describe('alarms', () => {
  const atOnce = { Threshold: 1, EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' };

  test('alarms on nightly events go off at the first event', () => {
    for (const MetricName of ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted']) {
      service.hasResourceProperties('AWS::CloudWatch::Alarm', {
        ...atOnce,
        MetricName,
        Namespace: 'AWS/States',
        Dimensions: [{ Name: 'StateMachineArn', Value: machineOf(service) }],
        TreatMissingData: 'notBreaching',
      });
    }
    service.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { ...atOnce, MetricName: 'ApproximateNumberOfMessagesVisible' },
      3,
    );
  });

  test('an alarm goes off when no run succeeds for 26 hours', () => {
    service.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ExecutionsSucceeded',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Period: 3_600,
      EvaluationPeriods: 26,
      DatapointsToAlarm: 26,
      TreatMissingData: 'breaching',
    });
  });

  test('the alarms use the same dimensions as the metrics of the functions', () => {
    const Dimensions = [
      { Name: 'Environment', Value: 'prod' },
      { Name: 'Provider', Value: 'gopro' },
    ];
    service.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...atOnce,
      MetricName: 'AuthenticationFailure',
      Namespace: 'GoProSync',
      Dimensions,
    });
    service.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...atOnce,
      MetricName: 'SyncFailures',
      Namespace: 'GoProSync',
      Dimensions,
    });
    service.hasResourceProperties('AWS::CloudWatch::Alarm', { ...atOnce, Threshold: 5, MetricName: 'CookieAge', Dimensions });
  });

  test('one composite alarm notifies for all queues, and the alarm for missing runs notifies by itself', () => {
    for (const [id, alarm] of Object.entries(service.findResources('AWS::CloudWatch::Alarm'))) {
      expect(Object.keys(alarm['Properties']).includes('AlarmActions'), id).toBe(id.startsWith('NoRunAlarm'));
    }
    service.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', {
      AlarmName: 'cloud-sync unhealthy',
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Alerts') }],
    });
    const [composite] = Object.values(service.findResources('AWS::CloudWatch::CompositeAlarm'));
    const rule = JSON.stringify(composite?.['Properties'].AlarmRule);
    for (const id of ['Quarantined', 'StartFailed', 'NotificationFailed']) expect(rule).toContain(`"${id}Alarm`);
    // The run or the rule already reports these failures, so the composite alarm does not repeat
    // them.
    for (const id of ['RunFailed', 'RunTimedOut', 'RunAborted', 'SignInRefused', 'CookieAge']) expect(rule).not.toContain(id);
  });
});

test('the dashboard shows every metric, and queries for common questions are saved', () => {
  const [dashboard] = Object.values(service.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard?.['Properties'].DashboardBody);
  for (const name of [
    'VideosSynced',
    'VideosProven',
    'SyncFailures',
    'DisputedFiles',
    'BytesTransferred',
    'TransferThroughput',
    'TimeToFirstByte',
    'CookieAge',
    'ExecutionsFailed',
  ])
    expect(body).toContain(name);
  service.resourceCountIs('AWS::Logs::QueryDefinition', 3);
});
