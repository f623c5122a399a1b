import { DefaultStackSynthesizer, Duration, Fn, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Provider } from '../src/media.ts';
import { storageSteps, type StorageClass, type StorageProfile } from './storage-cost.ts';

const transitionClasses: Readonly<Record<Exclude<StorageClass, 'standard'>, s3.StorageClass>> = {
  instant: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
  'deep-archive': s3.StorageClass.DEEP_ARCHIVE,
};

/** The settings that the bucket of the archive and the bucket for runs share. */
const guarded = {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
} as const;

export interface ArchiveBucketOptions {
  readonly name: string;
  readonly storage: StorageProfile;
  readonly key: kms.IKey | undefined;
  /** False if people and programs may delete archived files. */
  readonly isLocked: boolean;
}

/**
 * Creates the bucket of the archive. Nobody can replace a file there, and nobody can delete a file
 * while the bucket is locked. Versions that are no longer current are kept for a month, because a
 * person can unlock the bucket.
 */
export function createArchiveBucket(scope: Construct, options: ArchiveBucketOptions): s3.Bucket {
  const { key, isLocked } = options;
  const bucket = new s3.Bucket(scope, 'Archive', {
    ...guarded,
    bucketName: options.name,
    ...(key
      ? { encryption: s3.BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
      : { encryption: s3.BucketEncryption.S3_MANAGED }),
    versioned: true,
    lifecycleRules: [
      ...transitions(options.storage),
      {
        id: 'clean-up',
        // The cookies may expire before a film has arrived completely. A person then has a month to
        // renew the cookies, and the next run continues the upload.
        abortIncompleteMultipartUploadAfter: Duration.days(30),
        noncurrentVersionExpiration: Duration.days(30),
      },
    ],
  });
  bucket.addToResourcePolicy(noReplacement(bucket));
  if (isLocked) bucket.addToResourcePolicy(noDeletion(bucket));
  // The policy protects the bucket also after somebody has deleted the stack.
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
  acknowledgeNoAccessLogs(bucket);
  return bucket;
}

/**
 * Denies every request that can replace an archived file, because it does not ask S3 to refuse an
 * existing key. The parts of an upload cannot ask that and create no object.
 */
function noReplacement(bucket: s3.Bucket): PolicyStatement {
  return new PolicyStatement({
    sid: 'NeverReplaceFiles',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources: providers.map((provider) => bucket.arnForObjects(`${provider}-videos/*`)),
    conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
  });
}

/**
 * Denies the deletion of objects to everybody. A new lifecycle could delete objects too, so only
 * the role that deploys the stack can set the lifecycle.
 */
function noDeletion(bucket: s3.Bucket): PolicyStatement {
  return new PolicyStatement({
    sid: 'NeverDelete',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutLifecycleConfiguration'],
    resources: [bucket.bucketArn, bucket.arnForObjects('*')],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': deployingRole(Stack.of(bucket)) } },
  });
}

/** The ARN of the role with which CloudFormation deploys a stack. `cdk bootstrap` creates it. */
function deployingRole({ synthesizer }: Stack): string {
  if (!(synthesizer instanceof DefaultStackSynthesizer)) throw new Error('the stack must be deployed with the roles of CDK');
  return Fn.sub(synthesizer.cloudFormationExecutionRoleArn);
}

/**
 * Returns the rules that move archived files to cheaper storage classes. The objects under
 * `.cloud-sync/` keep their class, because every run reads these objects.
 */
function transitions(profile: StorageProfile): s3.LifecycleRule[] {
  const steps = storageSteps[profile].flatMap(({ storageClass, fromDay }) =>
    storageClass === 'standard'
      ? []
      : [{ storageClass: transitionClasses[storageClass], transitionAfter: Duration.days(fromDay) }],
  );
  return steps.length === 0
    ? []
    : providers.map((provider) => ({ id: profile, prefix: `${provider}-videos/`, transitions: steps }));
}

const providers: readonly Provider[] = ['gopro'];

/**
 * Creates the bucket for temporary files of runs: the listing, the map's manifest and the map's
 * results. A new run can make all of these files again.
 */
export function createRunsBucket(scope: Construct): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'Runs', {
    ...guarded,
    // With this encryption the map of a run needs no permission for a key.
    encryption: s3.BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ id: 'expire', expiration: Duration.days(30), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
  });
  acknowledgeNoAccessLogs(bucket);
  return bucket;
}

function acknowledgeNoAccessLogs(bucket: s3.Bucket): void {
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Only the functions of this system and the account itself can reach the bucket, and the tracker and the function logs record every write. An access log would need another bucket.',
  });
}
