import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Provider } from '../../media.ts';
import { asTrackerError } from './errors.ts';
import { leaseKey } from './lease.ts';
import { keyItem } from './table.ts';

export interface StandingLease {
  /** As it was given to `acquireRunLease`. */
  readonly holder: string;
  /** ISO 8601. */
  readonly until: string;
}

/** The run lease that holds at `nowMs`; undefined: there is none. Errors: TRACKER_UNUSABLE. */
export async function standingLease(
  client: DynamoDBClient,
  { table, provider, nowMs }: { readonly table: string; readonly provider: Provider; readonly nowMs: number },
): Promise<StandingLease | undefined> {
  const Key = keyItem({ provider, media_id: leaseKey });
  const { Item } = await client
    .send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
    .catch((error: unknown) => {
      throw asTrackerError(error, table);
    });
  const holder = Item?.['owner']?.S;
  const untilMs = Number(Item?.['until_ms']?.N);
  if (holder === undefined || !(untilMs > nowMs)) return undefined;
  return { holder, until: new Date(untilMs).toISOString() };
}
