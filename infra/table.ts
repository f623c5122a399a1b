import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { statusIndex } from '../src/tracker/dynamodb/items.ts';

/**
 * Creates the table of the tracker and protects it from loss. A table of the same shape for tests
 * is in `test/support/tracker-table.ts`. Only rows of runs expire.
 */
export function createTrackerTable(
  scope: Construct,
  options: { readonly name: string; readonly units: { readonly read: number; readonly write: number } },
): dynamodb.Table {
  const atMost = { maxReadRequestUnits: options.units.read, maxWriteRequestUnits: options.units.write };
  const table = new dynamodb.Table(scope, 'Tracker', {
    tableName: options.name,
    partitionKey: { name: 'provider', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'media_id', type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: 'expires_at',
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    ...atMost,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  table.addGlobalSecondaryIndex({
    indexName: statusIndex,
    partitionKey: { name: 'provider_status', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'sync_timestamp', type: dynamodb.AttributeType.STRING },
    projectionType: dynamodb.ProjectionType.INCLUDE,
    nonKeyAttributes: ['id', 'owner'],
    ...atMost,
  });
  return table;
}
