import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  PutItemCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { SyncError } from '../../errors.ts';
import { bindingKey } from './keys.ts';
import { statusIndex } from './items.ts';
import { getItem, type Table } from './table.ts';
import { toItem } from './values.ts';

/**
 * Makes a table for a tracker, paid by request. A deployed service has a table of its own, with
 * backups and protection from deletion; this is for a table by hand, and for tests.
 */
export async function createTrackerTable(client: DynamoDBClient, table: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['provider', 'media_id', 'provider_status', 'sync_timestamp'].map(
        (AttributeName) => ({ AttributeName, AttributeType: 'S' }) as const,
      ),
      KeySchema: keys('provider', 'media_id'),
      GlobalSecondaryIndexes: [
        {
          IndexName: statusIndex,
          KeySchema: keys('provider_status', 'sync_timestamp'),
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['id', 'owner'] },
        },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName: table });
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires_at' };
  await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
}

function keys(hash: string, range: string) {
  return [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
}

/** The archive that a table belongs to; undefined before the first tracker. Errors: DynamoDB's. */
export async function boundArchive(table: Table): Promise<string | undefined> {
  return (await getItem(table, bindingKey))?.['archive_id']?.S;
}

/** A table belongs to the first archive that opens it. Errors: TRACKER_UNUSABLE for another. */
export async function bindTable(table: Table, archiveId: string): Promise<void> {
  const bound = (await getItem(table, bindingKey)) ?? (await bind(table, archiveId));
  const other = bound?.['archive_id']?.S;
  if (bound === undefined || other === archiveId) return;
  throw new SyncError('TRACKER_UNUSABLE', `the DynamoDB table ${table.name} is of the archive ${other}, not of ${archiveId}`, {
    hint: 'Name the archive that the table was made for, or another table.',
  });
}

/** undefined: it is ours now; else the row that binds it already. */
async function bind({ client, name }: Table, archiveId: string) {
  const request = new PutItemCommand({
    TableName: name,
    Item: toItem({ ...bindingKey, archive_id: archiveId }),
    ConditionExpression: 'attribute_not_exists(media_id)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  try {
    await client.send(request);
    return undefined;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return error.Item;
    throw error;
  }
}
