/** An AWS on loopback: MiniStack with all its services, and the clients that tests need. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { startProgram } from '../../support/foreign-program.ts';
import { ministack, type MiniStackOptions } from '../../support/ministack.ts';

/** The account that MiniStack gives us. Its Lambda functions sign with this account. */
export const account = '000000000000';
export const region = 'us-east-1';
const credentials = { accessKeyId: account, secretAccessKey: 'test' };

export interface Aws extends AsyncDisposable {
  readonly endpoint: string;
  /** The environment variables with which a process finds this AWS. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cloudFormation: CloudFormationClient;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sfn: SFNClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  /** Everything that the emulator has printed so far. */
  log(): Promise<string>;
}

/** Starts an empty AWS. Disposing the AWS ends it and every function that it runs. */
export async function startAws(options: Pick<MiniStackOptions, 'quickQueries' | 'checksPolicies'> = {}): Promise<Aws> {
  const server = await startProgram(ministack({ verbose: true, waitScale: 0.1, ...options }));
  const { endpoint } = server;
  const config = { endpoint, region, credentials, maxAttempts: 3 };
  const clients = {
    cloudFormation: new CloudFormationClient(config),
    dynamodb: new DynamoDBClient(config),
    lambda: new LambdaClient(config),
    logs: new CloudWatchLogsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    secrets: new SecretsManagerClient(config),
    sfn: new SFNClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient(config),
  };
  return {
    endpoint,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    ...clients,
    log: async () => server.log(),
    [Symbol.asyncDispose]: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}
