import { SyncError } from '../../errors.ts';
import { connectionHint } from '../../lib/http/connection-hint.ts';
import { readAwsError, type AwsErrorKind } from '../../lib/aws-error.ts';

const hints: Readonly<Partial<Record<AwsErrorKind, string>>> = {
  credentials:
    'Set or renew the AWS credentials that the standard chain finds (environment, profile, role), and check that they belong to the table’s account and partition.',
  denied:
    'Allow dynamodb:GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem and BatchWriteItem on the table, and Query on its index.',
  notFound:
    'Deploy the service first, or correct the name of the table, its region (AWS_REGION) or the account of the credentials.',
  throttled: 'Try again later, or raise the maximum that the table allows: nothing is lost.',
  unreachable: 'Check the network, the region and, if one is set, the endpoint.',
  clockSkew: "Set this machine's clock; AWS refuses requests that are more than a few minutes off.",
  noRegion: 'Name the region of the table with AWS_REGION, or in the AWS profile.',
};

/** Hints for errors that only a table has. */
const tableHints: Readonly<Record<string, string>> = {
  KMSAccessDeniedException: 'Allow kms:Decrypt on the key that encrypts the table.',
  ValidationException: 'Check that the table is one that Cloud Sync made: its keys are provider and media_id.',
};

/**
 * Turns errors of the SDK and of the network into TRACKER_UNUSABLE. Other errors stay unchanged.
 */
export function asTrackerError(thrown: unknown, table: string): unknown {
  const error = thrown instanceof SyncError ? undefined : readAwsError(thrown);
  if (!error) return thrown;
  const { kind, code, message } = error;
  return new SyncError('TRACKER_UNUSABLE', `the tracker in the DynamoDB table ${table} failed: ${message} (${code})`, {
    cause: thrown,
    hint: connectionHint(thrown) ?? hints[kind] ?? tableHints[code],
  });
}
