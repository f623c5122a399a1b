import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SyncError } from '../../errors.ts';
import { awsClientOptions, type AwsNetwork } from '../../lib/aws-clients.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import { ledgerTracker } from '../ledger/tracker.ts';
import type { Tracker } from '../tracker.ts';
import { asTrackerError } from './errors.ts';
import { bindingKey } from './keys.ts';
import { dynamoStore } from './store.ts';
import { getItem, putRow, type Table } from './table.ts';

/** The settings of a new client. `network` says how AWS is reached. Default: directly. */
interface NewClient {
  readonly endpoint?: string;
  readonly region?: string;
  readonly network?: AwsNetwork;
}

export interface DynamoTrackerOptions {
  /**
   * A client of the caller, which stays open, or the settings of a new client. The new client takes
   * its credentials, and a missing region, from the SDK's standard chain.
   */
  readonly client: DynamoDBClient | NewClient;
  readonly table: string;
  readonly provider: Provider;
  /** The account, if each account has its own ledger. Default: all accounts share one ledger. */
  readonly account?: string;
  /** The id of the archive that this ledger describes. */
  readonly archiveId: string;
  readonly clock: Clock;
}

/**
 * Opens a tracker in an existing DynamoDB table. Any number of processes may have it open. Each
 * method that writes is one conditional write or one transaction, unless it touches more than 100
 * rows. Errors: TRACKER_UNUSABLE when the table belongs to another archive, does not exist, or
 * cannot be used.
 */
export async function openDynamoTracker(options: DynamoTrackerOptions): Promise<Tracker> {
  const { table, provider, account = null, archiveId, clock } = options;
  const client = options.client instanceof DynamoDBClient ? options.client : createClient(options.client);
  const translate = (thrown: unknown) => asTrackerError(thrown, table);
  const close = async () => {
    if (client !== options.client) client.destroy();
  };
  try {
    await bindTable({ client, tableName: table }, archiveId);
  } catch (error) {
    await close();
    throw translate(error);
  }
  const name = account === null ? provider : `${provider}#${account}`;
  const partition = { client, tableName: table, provider, account, name, clock, fence: { own: undefined } };
  const store = dynamoStore(partition, close);
  return ledgerTracker(store, archiveId, translate);
}

/**
 * Returns the id of the archive that a table belongs to. Undefined if no tracker was ever opened on
 * the table. Errors: TRACKER_UNUSABLE when the table does not exist or cannot be read.
 */
export async function boundArchive(given: DynamoTrackerOptions['client'], table: string): Promise<string | undefined> {
  const client = given instanceof DynamoDBClient ? given : createClient(given);
  try {
    return await archiveOf({ client, tableName: table });
  } catch (error) {
    throw asTrackerError(error, table);
  } finally {
    if (client !== given) client.destroy();
  }
}

async function archiveOf(table: Table): Promise<string | undefined> {
  return (await getItem(table, bindingKey))?.['archive_id']?.S;
}

/**
 * Binds a table to the first archive that opens it. Errors: TRACKER_UNUSABLE if the table is bound
 * to another archive.
 */
async function bindTable(table: Table, archiveId: string): Promise<void> {
  const { tableName } = table;
  const bind = async () => putRow(table, { ...bindingKey, archive_id: archiveId }, { media_id: undefined });
  const bound = await archiveOf(table);
  if (bound === archiveId || (bound === undefined && (await bind()))) return;
  const other = bound ?? (await archiveOf(table));
  if (other === archiveId) return;
  throw new SyncError('TRACKER_UNUSABLE', `the table ${tableName} belongs to the archive ${other}, not to ${archiveId}`, {
    hint: 'Name the archive that the table was made for, or another table.',
  });
}

/**
 * Adaptive retries keep the rate of requests below the table's maximum throughput. This maximum
 * guards against high bills.
 */
function createClient({ network = {}, ...place }: NewClient): DynamoDBClient {
  return new DynamoDBClient({
    ...place,
    retryMode: 'adaptive',
    maxAttempts: 8,
    ...awsClientOptions(network, { connectionTimeout: 10_000, requestTimeout: 20_000 }),
  });
}
