import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { awsClientOptions } from '../../lib/aws-clients.ts';
import { connectionHint } from '../../lib/http/connection-hint.ts';
import { readAwsError, type AwsErrorKind } from '../../lib/aws-error.ts';

const hints: Readonly<Partial<Record<AwsErrorKind, string>>> = {
  credentials:
    'Set or renew the AWS credentials of the standard chain (environment, profile, role), and check that they belong to the account of the service.',
  denied: 'Use AWS credentials with the permission to do this.',
  throttled: 'Try again in a minute.',
  unreachable: 'Check the network, AWS_REGION and, if one is set, AWS_ENDPOINT_URL.',
  clockSkew: "Set this machine's clock; AWS refuses requests that are more than a few minutes off.",
  noRegion: 'Name the region of the service with AWS_REGION, or in the AWS profile.',
};

/**
 * Sends a request to AWS and returns the answer. `what` is a phrase for the request, such as "start
 * a run". Errors: `missing` if the requested thing does not exist; USAGE for every other refusal of
 * AWS.
 */
export async function askAws<Answer>(what: string, ask: () => Promise<Answer>, missing?: () => SyncError): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw translated(error, what, missing);
  }
}

function translated(thrown: unknown, what: string, missing: (() => SyncError) | undefined): unknown {
  const error = thrown instanceof SyncError ? undefined : readAwsError(thrown);
  if (!error) return thrown;
  const { kind, code, message } = error;
  if (kind === 'notFound' && missing) return missing();
  return new SyncError('USAGE', `cannot ${what}: ${message} (${code})`, {
    cause: thrown,
    hint: connectionHint(thrown) ?? hints[kind] ?? 'Check that the service is deployed in this account and region (AWS_REGION).',
  });
}

/**
 * Returns the options of every client. If AWS does not answer a command soon, the command fails.
 * Errors: USAGE for a wrong variable of AWS.
 */
export function clientOptions(config: Config) {
  return {
    maxAttempts: 4,
    ...awsClientOptions(config.awsNetwork('services'), { connectionTimeout: 10_000, requestTimeout: 20_000 }),
  };
}
