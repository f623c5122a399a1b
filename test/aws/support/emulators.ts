/** Emulators of DynamoDB, and of what else is asked for, run on loopback for one test file. */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { cache, startProgram, type ForeignProgram } from '../../support/foreign-program.ts';
import { ministack } from '../../support/ministack.ts';

export type EmulatorName = 'ministack' | 'dynamodb-local';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the tracker's tests have their tables: MiniStack, or in `aws-more` what needs Java. */
    readonly dynamodb: EmulatorName;
    /** Where the engine's tests of slices have their archive: MiniStack, or in `aws-more` what needs Go. */
    readonly archiveStore: 'ministack' | 'versitygw';
  }
}

/** Where emulators are, and who may use them. */
export const region = 'us-east-1';
export const credentials = { accessKeyId: 'cloudsynctests', secretAccessKey: 'not-a-secret-only-for-loopback' };

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** A client of its own; the caller closes it. */
  client(): DynamoDBClient;
}

const dynamoLocal = join(cache, 'dynamodb-local-2.6.1');

/** What runs each, with the `services` of MiniStack that are wanted. */
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

/** Starts an emulator with nothing in it. `services` are those of MiniStack. Dispose to end it and to remove all it kept. */
export async function startEmulator(
  name: EmulatorName,
  { services = ['dynamodb'] }: { readonly services?: readonly string[] } = {},
): Promise<Emulator> {
  const { endpoint, [Symbol.asyncDispose]: end } = await startProgram(programs[name](services));
  const client = () => new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 3 });
  return { endpoint, client, [Symbol.asyncDispose]: end };
}
