/** Hooks that start AWS services for the tests of a file or of a describe block, and stop them. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, vi } from 'vitest';
import { startAws, type Aws } from './aws.ts';
import { startEmulator, type Emulator, type EmulatorName } from './emulators.ts';

/**
 * Starts all services. The environment points to them. `ready` gets the services before the tests.
 */
export function useAws(ready: (aws: Aws) => unknown): void {
  let aws: Aws | undefined;
  beforeAll(async () => {
    aws = await startAws();
    for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
    await ready(aws);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws?.[Symbol.asyncDispose]();
  });
}

/** Starts an emulator of DynamoDB. The hooks close the clients that `newClient` makes. */
export function useEmulator(name: EmulatorName): {
  readonly endpoint: () => string;
  readonly newClient: () => DynamoDBClient;
} {
  let emulator: Emulator;
  const clients: DynamoDBClient[] = [];
  beforeAll(async () => {
    emulator = await startEmulator(name);
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await emulator?.[Symbol.asyncDispose]();
  });
  return {
    endpoint: () => emulator.endpoint,
    newClient: () => {
      const client = emulator.client();
      clients.push(client);
      return client;
    },
  };
}
