import { SyncError } from '../../errors.ts';

/** What AWS and the way to it can answer instead of success, by the error's name or, where there was no answer, its code. */
const hints: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    'Deploy the service first, or correct the name of the table, its region (AWS_REGION) or the account of the credentials.',
  AccessDeniedException:
    'Allow dynamodb:GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem and BatchWriteItem on the table, and Query on its index.',
  KMSAccessDeniedException: 'Allow kms:Decrypt on the key that encrypts the table.',
  ValidationException: 'Check that the table is one that Cloud Sync made: its keys are provider and media_id.',
  RequestTimeTooSkewedException: "Set this machine's clock; AWS refuses requests that are more than a few minutes off.",
};

const credentialErrors = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

const credentialHint =
  'Set or renew the AWS credentials that the standard chain finds (environment, profile, role), and check that they are of the table’s account and partition.';

/** What passes when less is asked for. */
const throttles = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
]);

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT', 'TimeoutError']);

/** Errors of the SDK and of the network as TRACKER_UNUSABLE; anything else as it is. */
export function asTrackerError(thrown: unknown, table: string): unknown {
  if (thrown instanceof SyncError || !(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  const hint = hintFor(thrown.name, code, thrown.message);
  if (hint === undefined && !('$metadata' in thrown)) return thrown;
  return new SyncError(
    'TRACKER_UNUSABLE',
    `the tracker in the DynamoDB table ${table} failed: ${thrown.message || code} (${code})`,
    {
      cause: thrown,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

function hintFor(name: string, code: string, message: string): string | undefined {
  if (credentialErrors.has(name)) return credentialHint;
  if (message.startsWith('Region is missing')) return 'Name the region of the table with AWS_REGION, or in the AWS profile.';
  if (throttles.has(name)) return 'Try again later, or raise the maximum that the table allows: nothing is lost.';
  if (unreachable.has(code) || unreachable.has(name)) return 'Check the network, the region and, if one is set, the endpoint.';
  return hints[name];
}
