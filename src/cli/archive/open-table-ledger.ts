/** Opens the tracker of a service on AWS, for commands that know its table but not its archive. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { commandsFor } from '../../aws/commands.ts';
import type { Stage } from '../../config/stages.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { readAwsError } from '../../lib/aws-error.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import { boundArchive, openDynamoTracker } from '../../tracker/dynamodb/index.ts';
import { currentLease } from '../../tracker/dynamodb/lease.ts';
import { clientOptions } from '../aws/errors.ts';
import type { Ledger } from './open-ledger.ts';
import { tableName } from './open-tracker.ts';

/**
 * Opens the tracker of the archive that the table belongs to. Errors: USAGE if the table belongs to
 * no archive yet; TRACKER_UNUSABLE.
 */
export async function openTableLedger(config: Config): Promise<Ledger> {
  const { settings } = config;
  const table = tableName(settings);
  const provider = settings.provider as Provider;
  const client = new DynamoDBClient(clientOptions(config));
  try {
    const archiveId = await boundArchive(client, table).catch(async (error: unknown) => {
      throw await named(error, table, client);
    });
    if (archiveId === undefined) {
      throw new SyncError('USAGE', `the table ${table} has no archive yet`, {
        hint: `The first run creates it: ${commandsFor({ stage: settings.env as Stage })('aws run')}.`,
      });
    }
    const tracker = await openDynamoTracker({ client, table, provider, archiveId, clock: systemClock });
    return {
      tracker,
      place: table,
      currentLease: async () => currentLease(client, { table, provider }),
      [Symbol.asyncDispose]: async () => {
        await tracker.close();
        client.destroy();
      },
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/**
 * Adds the table and the region to the error of a missing table. Any other error is returned
 * unchanged.
 */
async function named(error: unknown, table: string, client: DynamoDBClient): Promise<unknown> {
  if (!(error instanceof SyncError && readAwsError(error.cause)?.kind === 'notFound')) return error;
  return new SyncError(error.code, `there is no table ${table} in ${await client.config.region()}`, {
    hint: 'Deploy the service first, or name another service with AWS_REGION, --env or --table.',
    cause: error.cause,
  });
}
