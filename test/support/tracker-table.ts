import { CreateTableCommand, UpdateTimeToLiveCommand, waitUntilTableExists, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { statusIndex } from '../../src/tracker/dynamodb/items.ts';

/**
 * Makes a table for a tracker. AWS charges each request to the table. Unlike the table in
 * `infra/table.ts`, this table has no backups and no protection from deletion.
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
