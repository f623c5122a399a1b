import type { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { StorageClass } from '@aws-sdk/client-s3';
import { agentOptions, awsClientOptions, type AwsNetwork } from '../../lib/aws-clients.ts';
import type { Clock } from '../../lib/clock.ts';
import { Agent } from '../../lib/http/node-http.ts';
import { SyncError } from '../../errors.ts';
import { storeError } from './errors.ts';
import { refusalFromError } from './http/refusal.ts';

export interface S3Options {
  readonly bucket: string;
  /** The path inside the bucket. Empty means the whole bucket. */
  readonly prefix: string;
  /** Default: the region that the SDK finds, or us-east-1 if an endpoint is set. */
  readonly region?: string;
  /** The address of an S3-compatible store. Default: AWS. */
  readonly endpoint?: string;
  /**
   * Puts the bucket's name in the path, not in the host name. Default: only if an endpoint is set.
   */
  readonly pathStyle?: boolean;
  /**
   * The storage class of archived files. Our own objects stay in the default class, because they
   * must be readable immediately.
   */
  readonly storageClass?: StorageClass;
  /** The KMS key that encrypts all objects. Default: the encryption of the bucket. */
  readonly sseKmsKeyId?: string;
  /** The profile of the AWS files that has the credentials. Default: AWS_PROFILE. */
  readonly profile?: string;
  readonly clock: Clock;
  /** How the store is reached. Default: directly. */
  readonly network?: AwsNetwork;
  /** A request is aborted after this time without any byte, in ms. */
  readonly stallMs: number;
  /** Receives warnings for a person. A warning does not stop the run. */
  readonly onWarning?: (message: string) => void;
}

/**
 * One bucket and prefix. Control calls use the SDK. Requests for files are signed and use
 * node:http.
 */
export interface Bucket extends S3Options {
  readonly client: S3Client;
  readonly signer: SignatureV4;
  /** `s3://bucket/prefix` */
  readonly location: string;
  /** What every key in the bucket begins with: nothing, or the prefix with a slash at its end. */
  readonly base: string;
  /**
   * Returns the address at which the bucket's keys begin. The SDK computes the address from
   * endpoint, path style and partition.
   */
  address(): Promise<URL>;
  agentFor(url: URL): HttpAgent;
  /**
   * The optional headers that this store refuses or does not need. They are left out from now on.
   */
  readonly leftOut: Set<string>;
  /** The files in a row that the store denied or did not show. */
  readonly unusableKeys: Set<string>;
  close(): void;
}

export function openBucket(options: S3Options): Bucket {
  const client = createClient(options);
  const prefix = options.prefix.replace(/^\/+|\/+$/g, '');
  const agents = createAgents(options.network);
  let address: Promise<URL> | undefined;
  return {
    ...options,
    client,
    signer: new SignatureV4({
      service: 's3',
      region: client.config.region,
      credentials: client.config.credentials,
      sha256: client.config.sha256,
      uriEscapePath: false,
    }),
    location: prefix ? `s3://${options.bucket}/${prefix}` : `s3://${options.bucket}`,
    base: prefix && `${prefix}/`,
    address: () => (address ??= addressOf(client, options.bucket)),
    leftOut: new Set(),
    unusableKeys: new Set(),
    agentFor: (url) => (url.protocol === 'http:' ? agents.http : agents.https),
    close: () => {
      client.destroy();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function createClient(options: S3Options): S3Client {
  const { endpoint, profile, stallMs, network = {} } = options;
  return new S3Client({
    ...(options.region === undefined
      ? endpoint === undefined
        ? {}
        : { region: createRegionProvider() }
      : { region: options.region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    // We send and compare our own CRC32s. Many compatible stores refuse the checksums that the SDK
    // would add.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    retryMode: 'standard',
    ...awsClientOptions(network, { connectionTimeout: Math.min(stallMs, 10_000), requestTimeout: stallMs }),
  });
}

/** Finds the region, which every signature names. The region is looked up only once. */
function createRegionProvider(): () => Promise<string> {
  let region: Promise<string> | undefined;
  return () => (region ??= new S3Client({}).config.region().catch(() => 'us-east-1'));
}

function createAgents(network: AwsNetwork = {}): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  // The write buffer is larger than Node's default, so that a transfer pauses half as often. The
  // timeout closes an idle connection early, because the store may close it just as a request
  // begins.
  const options = { keepAlive: true, timeout: 4_000, highWaterMark: 512 * 1024, ...agentOptions(network) };
  return { http: new Agent(options), https: new HttpsAgent(options) };
}

/** Reads the address from a request that the SDK prepares for the bucket. No request is sent. */
async function addressOf(client: S3Client, bucket: string): Promise<URL> {
  const command = new HeadBucketCommand({ Bucket: bucket });
  const prepared = Promise.withResolvers<URL>();
  command.middlewareStack.add(
    () => async (args) => {
      const { protocol, hostname, port, path } = args.request as {
        protocol: string;
        hostname: string;
        port?: number;
        path: string;
      };
      prepared.resolve(new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}${path.replace(/\/*$/, '/')}`));
      return { output: { $metadata: {} }, response: {} };
    },
    { step: 'build', name: 'noteAddress' },
  );
  await client.send(command);
  return prepared.promise;
}

/** Makes a control call. An error becomes a SyncError that names the failed action. */
export async function ask<Reply>(bucket: Bucket, doing: string, call: (client: S3Client) => Promise<Reply>): Promise<Reply> {
  try {
    return await call(bucket.client);
  } catch (thrown) {
    if (thrown instanceof SyncError) throw thrown;
    throw storeError(refusalFromError(thrown), `${bucket.location}: ${doing}`, bucket.clock.now());
  }
}

/** Returns the configured encryption in the form of the SDK's input. */
export function encryption(bucket: Bucket): { ServerSideEncryption?: 'aws:kms'; SSEKMSKeyId?: string } {
  return bucket.sseKmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: bucket.sseKmsKeyId };
}

/** Returns the configured encryption as headers of a PUT. */
export function encryptionHeaders({ sseKmsKeyId }: Bucket): Record<string, string> {
  return sseKmsKeyId === undefined
    ? {}
    : { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': sseKmsKeyId };
}
