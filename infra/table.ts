import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { statusIndex } from '../src/tracker/dynamodb/items.ts';

/**
 * The tracker's table, protected from loss. The tests have one of the same shape
 * (`test/support/tracker-table.ts`). Only rows of runs and leases expire.
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
