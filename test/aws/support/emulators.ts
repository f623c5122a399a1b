/** Emulators of DynamoDB and other services. Each runs on loopback for one test file. */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { cache, startProgram, type ForeignProgram } from '../../support/foreign-program.ts';
import { ministack } from '../../support/ministack.ts';

export type EmulatorName = 'ministack' | 'dynamodb-local';

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * The emulator for the tracker's tables. `dynamodb-local` needs Java, so only `aws-more` uses
     * it.
     */
    readonly dynamodb: EmulatorName;
    /**
     * The store for the engine's tests of slices. `versitygw` needs Go, so only `aws-more` uses it.
     */
    readonly archiveStore: 'ministack' | 'versitygw';
  }
}

/** The region and the credentials with which clients use an emulator. */
export const region = 'us-east-1';
export const credentials = { accessKeyId: 'cloudsynctests', secretAccessKey: 'not-a-secret-only-for-loopback' };

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** Makes a new client, which the caller closes. */
  client(): DynamoDBClient;
}

const dynamoLocal = join(cache, 'dynamodb-local-2.6.1');

/** The program of each emulator. `services` are the services that MiniStack starts. */
export const programs: Readonly<Record<EmulatorName, (services: readonly string[]) => ForeignProgram>> = {
  ministack: (services) => ministack({ services }),
  'dynamodb-local': () => ({
    name: 'dynamodb-local',
    install: ['test/aws/support/install-dynamodb-local.sh'],
    file: 'java',
    arguments: (port) => [
      '-XX:+UseSerialGC',
      `-Djava.library.path=${dynamoLocal}/lib`,
      '-cp',
      `${dynamoLocal}/classes:${dynamoLocal}/lib/*`,
      'DynamoLocal',
      String(port),
    ],
    environment: () => ({}),
  }),
};

/**
 * Starts an empty emulator. Only MiniStack uses `services`. Disposing ends it and removes its data.
 */
export async function startEmulator(
  name: EmulatorName,
  { services = ['dynamodb'] }: { readonly services?: readonly string[] } = {},
): Promise<Emulator> {
  const { endpoint, [Symbol.asyncDispose]: end } = await startProgram(programs[name](services));
  const client = () => new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 3 });
  return { endpoint, client, [Symbol.asyncDispose]: end };
}
