import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { sampleStacks, sampleTemplates } from '../test/aws/support/sample-stacks.ts';

let archive: Template;
beforeAll(() => {
  ({ archive } = sampleTemplates({ env: 'prod' }));
});

/**
 * CloudFormation treats a changed logical id as a new resource. A deployment would then create an
 * empty archive beside the old archive.
 */
test('the logical ids of the resources with data never change', () => {
  const kms = sampleTemplates({ env: 'prod' }, { encryption: 'kms' }).archive;
  const ids = (type: string) => Object.keys(kms.findResources(type));
  expect(ids('AWS::S3::Bucket')).toEqual(['ArchiveDA4CB258']);
  expect(ids('AWS::DynamoDB::Table')).toEqual(['TrackerAF5FC55F']);
  expect(ids('AWS::SecretsManager::Secret')).toEqual(['CredentialsF8F243AA']);
  expect(ids('AWS::KMS::Key')).toEqual(['ArchiveKeyDC5BCBC1']);
});

test('the archive stack is protected from deletion, and deleting it keeps all data', () => {
  const { archive: stack } = sampleStacks({ env: 'prod' }, { encryption: 'kms' });
  expect(stack.terminationProtection).toBe(true);
  const template = sampleTemplates({ env: 'prod' }, { encryption: 'kms' }).archive;
  for (const type of [
    'AWS::S3::Bucket',
    'AWS::S3::BucketPolicy',
    'AWS::DynamoDB::Table',
    'AWS::SecretsManager::Secret',
    'AWS::KMS::Key',
  ]) {
    template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  }
});

test('resources in prod have plain names, and resources of other stages have the stage in the name', () => {
  archive.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'gopro-sync-tracker' });
  archive.hasResourceProperties('AWS::SecretsManager::Secret', { Name: 'gopro/credentials' });
  archive.hasResourceProperties('AWS::S3::Bucket', { BucketName: named('gopro-archive-') });
  const dev = sampleTemplates({ env: 'dev' }).archive;
  dev.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'cloud-sync-dev-gopro-sync-tracker' });
  dev.hasResourceProperties('AWS::SecretsManager::Secret', { Name: 'cloud-sync-dev-gopro/credentials' });
  dev.hasResourceProperties('AWS::S3::Bucket', { BucketName: named('cloud-sync-dev-gopro-archive-') });
});

function named(prefix: string): unknown {
  return { 'Fn::Join': ['', [prefix, { Ref: 'AWS::AccountId' }, '-', { Ref: 'AWS::Region' }]] };
}

const denied = (Condition: unknown) => Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition });

describe('the bucket', () => {
  test('the bucket is versioned, closed to the public, and accepts only TLS', () => {
    archive.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    archive.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          denied({ Bool: { 'aws:SecureTransport': 'false' } }),
          denied({ NumericLessThan: { 's3:TlsVersion': 1.2 } }),
        ]),
      },
    });
  });

  test('nobody can write a file without the condition that its key is unused', () => {
    const statement = {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:PutObject',
      Resource: objects('/gopro-videos/*'),
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    };
    for (const lock of ['locked', 'unlocked'])
      expect(policyOf({ env: 'prod', archive: lock })).toContainEqual(expect.objectContaining(statement));
  });

  test('nobody but the role of the deployment can delete objects or set the lifecycle, until a person unlocks the archive', () => {
    const role = 'role/cdk-hnb659fds-cfn-exec-role-${AWS::AccountId}-${AWS::Region}';
    const statement = {
      Sid: 'NeverDelete',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutLifecycleConfiguration'],
      Resource: [bucketArn, objects('/*')],
      Condition: {
        ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:${role}` } },
      },
    };
    for (const env of ['dev', 'prod']) expect(policyOf({ env })).toContainEqual(statement);
    const unlocked = policyOf({ env: 'prod', archive: 'unlocked' });
    expect(unlocked.filter(({ Sid }) => Sid === 'NeverDelete')).toEqual([]);
    expect(() => sampleTemplates({ env: 'prod', archive: 'open' })).toThrow(/archive/);
  });

  test.each([
    ['deep-archive', [{ StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 7 }]],
    ['instant', [{ StorageClass: 'GLACIER_IR', TransitionInDays: 0 }]],
  ] as const)('with the storage profile %s only archived files move to another storage class', (storage, Transitions) => {
    const rules = lifecycle(sampleTemplates({ env: 'prod' }, { storage }).archive);
    expect(rules).toEqual([{ Id: storage, Prefix: 'gopro-videos/', Status: 'Enabled', Transitions }, cleanUp]);
  });

  test('with the storage profile `standard` no file moves to another storage class', () => {
    expect(lifecycle(sampleTemplates({ env: 'prod' }, { storage: 'standard' }).archive)).toEqual([cleanUp]);
  });

  test('the bucket is encrypted with a key of S3, or with a customer key that rotates', () => {
    archive.hasResourceProperties('AWS::S3::Bucket', encryptedWith({ SSEAlgorithm: 'AES256' }));
    archive.resourceCountIs('AWS::KMS::Key', 0);
    const kms = sampleTemplates({ env: 'prod' }, { encryption: 'kms' }).archive;
    const KMSMasterKeyID = { 'Fn::GetAtt': ['ArchiveKeyDC5BCBC1', 'Arn'] };
    kms.hasResourceProperties(
      'AWS::S3::Bucket',
      encryptedWith({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID }, { BucketKeyEnabled: true }),
    );
    kms.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true, PendingWindowInDays: 30 });
  });
});

const bucketArn = { 'Fn::GetAtt': ['ArchiveDA4CB258', 'Arn'] };
const objects = (keys: string) => ({ 'Fn::Join': ['', [bucketArn, keys]] });

function policyOf(given: Readonly<Record<string, string>>): readonly Readonly<Record<string, unknown>>[] {
  const [policy] = Object.values(sampleTemplates(given).archive.findResources('AWS::S3::BucketPolicy'));
  return policy?.['Properties'].PolicyDocument.Statement;
}

const cleanUp = {
  Id: 'clean-up',
  Status: 'Enabled',
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 30 },
  NoncurrentVersionExpiration: { NoncurrentDays: 30 },
};

function lifecycle(template: Template): unknown {
  const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
  return bucket?.['Properties'].LifecycleConfiguration.Rules;
}

function encryptedWith(byDefault: object, more: object = {}): object {
  return {
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: byDefault, ...more }] },
  };
}

test('the table has the keys that the tracker uses, and is protected from loss and high bills', () => {
  const guard = { MaxReadRequestUnits: 3_000, MaxWriteRequestUnits: 1_000 };
  archive.hasResourceProperties('AWS::DynamoDB::Table', {
    KeySchema: [
      { AttributeName: 'provider', KeyType: 'HASH' },
      { AttributeName: 'media_id', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'provider-status-sync_timestamp-index',
        KeySchema: [
          { AttributeName: 'provider_status', KeyType: 'HASH' },
          { AttributeName: 'sync_timestamp', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['id', 'owner'] },
        OnDemandThroughput: guard,
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    OnDemandThroughput: guard,
    TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
  });
});

test('the template contains no value of the secret, and other accounts cannot use the secret', () => {
  const [secret] = Object.values(archive.findResources('AWS::SecretsManager::Secret'));
  expect(Object.keys(secret?.['Properties'])).not.toContain('GenerateSecretString');
  expect(Object.keys(secret?.['Properties'])).not.toContain('SecretString');
  archive.hasResourceProperties('AWS::SecretsManager::ResourcePolicy', {
    ResourcePolicy: {
      Statement: [
        Match.objectLike({
          Effect: 'Deny',
          Action: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecret'],
          Condition: { StringNotEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ],
    },
  });
});
