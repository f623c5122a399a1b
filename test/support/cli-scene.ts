/** A simulated cloud, a home and a place for an archive, for tests of the command line. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Event, RunFinished } from '../../src/events.ts';
import { startGoproCloud, type GoproCloud, type GoproCloudOptions } from '../../src/sim/gopro/index.ts';
import { runCliHere } from './cli.ts';
import { temporaryDirectory, type CliResult } from './cli-process.ts';

export interface Scene {
  readonly cloud: GoproCloud;
  readonly home: string;
  /** A directory that does not exist yet. */
  readonly archive: string;
  readonly environment: Record<string, string>;
}

const few = { preset: 'large', presetOptions: { count: 5 } } as const;

export async function setScene(options: GoproCloudOptions = few): Promise<Scene> {
  const cloud = await startGoproCloud(options);
  onTestFinished(() => cloud.close());
  const home = join(temporaryDirectory(), 'home');
  const environment = {
    CLOUD_SYNC_HOME: home,
    CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
    CLOUD_SYNC_GOPRO_API_RPS: '100',
    CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken,
    CLOUD_SYNC_GOPRO_USER_ID: cloud.userId,
  };
  return { cloud, home, archive: join(temporaryDirectory(), 'archive'), environment };
}

/** Runs the command line within this process, for tests that need many runs. */
export async function runHere(args: readonly string[], environment: Scene['environment']): Promise<CliResult> {
  return runCliHere(args, { CLOUD_SYNC_CREDENTIAL_STORE: 'file', ...environment });
}

export function events({ stdout }: CliResult): (Event & { readonly time: string })[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event & { readonly time: string });
}

export function finished(result: CliResult): RunFinished {
  const last = events(result).at(-1);
  if (last?.type !== 'run.finished') throw new Error(`the last line is ${last?.type}`);
  return last;
}
