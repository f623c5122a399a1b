import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import { createAdoption } from './adoption.ts';
import { createClaims } from './claims.ts';
import { asTrackerError } from './errors.ts';
import { createLease } from './lease.ts';
import { createLedger } from './ledger.ts';
import { createListing } from './listing.ts';
import { createMarks } from './marks.ts';
import { createMedia } from './media.ts';
import { createQueries } from './queries.ts';
import { createRuns } from './runs.ts';
import { openStore } from './store.ts';
import { bindTable, boundArchive as archiveOf } from './table.ts';
import type { Tracker } from '../tracker.ts';
import { promising, translated } from '../translated.ts';

export { createTrackerTable } from './table.ts';

export interface DynamoTrackerOptions {
  /** Where the table is; a client stays its owner's to close. Region and credentials by the SDK's standard chain unless given. */
  readonly client: DynamoDBClient | { readonly endpoint?: string; readonly region?: string };
  readonly table: string;
  readonly provider: Provider;
  /** Of whom the ledger is to be, where several accounts of a provider share one archive; default: of all. */
  readonly account?: string;
  /** The archive that the ledger is of. */
  readonly archiveId: string;
  readonly clock: Clock;
}

/**
 * A tracker in a DynamoDB table that exists already. Any number of processes may have it open. Each method that writes is one conditional
 * write or one transaction, unless it touches more than 100 rows. Errors: TRACKER_UNUSABLE when the table belongs to another archive, is
 * not there, or cannot be used.
 */
export async function openDynamoTracker(options: DynamoTrackerOptions): Promise<Tracker> {
  const { table, provider, account = null, archiveId, clock } = options;
  const client = options.client instanceof DynamoDBClient ? options.client : createClient(options.client);
  const translate = (thrown: unknown) => asTrackerError(thrown, table);
  const store = openStore(client, table);
  const ledger = createLedger({ store, provider, account, clock });
  const close = () => {
    if (client !== options.client) client.destroy();
  };
  try {
    await bindTable(store, archiveId);
  } catch (error) {
    close();
    throw translate(error);
  }

  const { openMedia, rows, ...queries } = createQueries(ledger);
  const methods = {
    ...createAdoption(ledger),
    ...createLease(ledger),
    ...createRuns(ledger),
    ...createListing(ledger),
    ...createMedia(ledger),
    ...createClaims(ledger),
    ...createMarks(ledger),
    ...queries,
    close,
  };
  return {
    archiveId,
    ...promising(methods, translate),
    openMedia: (roles) => translated(openMedia(roles), translate),
    rows: (statuses) => translated(rows(statuses), translate),
  };
}

/**
 * The archive that a table belongs to; undefined while no tracker has been opened on it. Errors: TRACKER_UNUSABLE when it is not there, or cannot be
 * read.
 */
export async function boundArchive(given: DynamoTrackerOptions['client'], table: string): Promise<string | undefined> {
  const client = given instanceof DynamoDBClient ? given : createClient(given);
  try {
    return await archiveOf(openStore(client, table));
  } catch (error) {
    throw asTrackerError(error, table);
  } finally {
    if (client !== given) client.destroy();
  }
}

/** Retried by the SDK with full jitter; adaptive, because a table's maximum is a guard against bills that is to be kept, not run against. */
function createClient({ endpoint, region }: { readonly endpoint?: string; readonly region?: string }): DynamoDBClient {
  return new DynamoDBClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    retryMode: 'adaptive',
    maxAttempts: 8,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
  });
}
