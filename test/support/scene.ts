/** A scene has a simulated cloud, a place for the archive, and a home for the command line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunFinished } from '../../src/events.ts';
import { startGoproCloud, type GoproCloud, type GoproCloudOptions } from '../../src/sim/gopro/index.ts';
import { expectExactly, wantedOf } from './archive.ts';
import { finishedOf, lastWordsOf, runCli, runCliHere, startCli, type CliRun, type RunningCli } from './cli.ts';
import { filesBelow, openDiskPlace, openPlace, type Place, type PlaceKind } from './places.ts';
import { expectNoSecretsIn } from './secrets.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitUntil } from './wait-until.ts';

export interface SceneOptions<Where extends Place = Place> extends GoproCloudOptions {
  /** The place of the archive. The scene disposes it at the end. Default: a new directory. */
  readonly place?: Where;
  /** Further environment variables for the command line. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * If true, `sync` and `verify` run in the process of the test, which saves most of the time of a
   * small run. This is for tests in which the process does not matter.
   */
  readonly inProcess?: boolean;
  /** The stall timeout of a connection. The default of 5,000 allows for a busy machine. */
  readonly stallMs?: number;
  /** The time limit of each process in ms. Default: that of `startCli`. */
  readonly withinMs?: number;
}

/** A run that has ended, with its last event. */
export interface SceneRun extends CliRun {
  readonly finished: RunFinished;
}

export interface Scene<Where extends Place = Place> extends AsyncDisposable {
  readonly cloud: GoproCloud;
  readonly place: Where;
  readonly home: string;
  environment(more?: Readonly<Record<string, string>>): Record<string, string>;
  /** Runs `sync --json` into the place. */
  sync(...args: readonly string[]): Promise<SceneRun>;
  verify(...args: readonly string[]): Promise<SceneRun>;
  /** Runs any command as given. */
  run(...args: readonly string[]): Promise<CliRun>;
  /** Starts `sync --json` and returns while the run goes on. */
  startSync(options?: { readonly args?: readonly string[]; readonly environment?: Readonly<Record<string, string>> }): RunningCli;
  /** Waits until the last reply to a killed run has ended, then forgets all requests. */
  clearRequests(): Promise<void>;
  /** Expects that the archive holds everything that the library offers now, and nothing else. */
  expectComplete(): Promise<void>;
  /**
   * Expects that no output, no file in the home and no text in the archive contains a token, a
   * cookie or a signed URL. No token or cookie may have been sent to the CDN.
   */
  expectNoSecrets(): Promise<void>;
}

const awsSecret = 'e2eSecretKeyThatNobodyMayEverSee';

/** Opens a scene. Disposing it ends all its servers and removes its files. */
export async function openScene<Where extends Place = Place>(options: SceneOptions<Where> = {}): Promise<Scene<Where>> {
  const { place: given, environment: more, stallMs = 5_000, withinMs, inProcess = false, ...cloudOptions } = options;
  const place = given ?? ((await openDiskPlace()) as Place as Where);
  const temp = await makeTempDir();
  const home = join(temp.path, 'home');
  const cloud = await startGoproCloud(cloudOptions);
  const tokens = new Set<string>();
  const outputs: string[] = [];

  const environment = (extra: Readonly<Record<string, string>> = {}) => {
    tokens.add(cloud.accessToken);
    return {
      HOME: temp.path,
      TZ: 'UTC',
      CLOUD_SYNC_HOME: home,
      CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
      CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken,
      CLOUD_SYNC_GOPRO_USER_ID: cloud.userId,
      CLOUD_SYNC_GOPRO_API_RPS: '1000',
      CLOUD_SYNC_STALL_TIMEOUT_MS: String(stallMs),
      AWS_ACCESS_KEY_ID: 'AKIAE2E',
      AWS_SECRET_ACCESS_KEY: awsSecret,
      AWS_REGION: 'eu-west-3',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...place.environment,
      ...more,
      ...extra,
    };
  };
  const start = (args: readonly string[], extra?: Readonly<Record<string, string>>): RunningCli => {
    const running = startCli(args, { environment: environment(extra), ...(withinMs !== undefined && { withinMs }) });
    running.ended.then(({ stdout, stderr }) => outputs.push(stdout, stderr)).catch(() => {});
    return running;
  };
  const finish = async (args: readonly string[]): Promise<SceneRun> => {
    const run = inProcess ? await runCliHere(args, environment()) : await start(args).ended;
    if (inProcess) outputs.push(run.stdout, run.stderr);
    return { ...run, finished: finishedOf(run) };
  };
  const syncArgs = ['sync', '--provider', 'gopro', '--to', place.to, '--json'];

  return {
    cloud,
    place,
    home,
    environment,
    sync: async (...args) => finish([...syncArgs, ...args]),
    verify: async (...args) => finish(['verify', '--to', place.to, '--json', ...args]),
    run: async (...args) => {
      const run = await runCli(args, { environment: environment() });
      outputs.push(run.stdout, run.stderr);
      return run;
    },
    startSync: ({ args = [], environment: extra } = {}) => start([...syncArgs, ...args], extra),
    clearRequests: async () => {
      await waitUntil('the end of all replies', () => cloud.requests.every(({ endedMs }) => endedMs !== undefined));
      cloud.clearLog();
    },
    expectComplete: async () => expectExactly(await place.files(), await wantedOf(cloud.library)),
    expectNoSecrets: async () => {
      const homeTexts = (await filesBelow(home)).map(async (path) => readFile(path, 'latin1'));
      const texts = [...outputs, ...(await Promise.all(homeTexts)), await place.ownTexts()];
      for (const text of texts) expectNoSecretsIn(text, [...tokens, cloud.userId, awsSecret]);
      expect(cloud.stats().leaks).toBe(0);
    },
    [Symbol.asyncDispose]: async () => {
      await cloud.close();
      await place[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** Opens a scene with a place of the given kind. */
export async function openSceneAt(kind: PlaceKind, options: Omit<SceneOptions, 'place'> = {}): Promise<Scene> {
  return openScene({ ...options, place: await openPlace(kind) });
}

/** The requests about single media, in order, as `endpoint METHOD id`. Listings do not count. */
export function mediaRequests({ cloud }: Scene): string[] {
  const about = cloud.requests.filter(({ mediaId }) => mediaId !== undefined);
  return about.map(({ endpoint, method, mediaId }) => `${endpoint} ${method} ${mediaId}`);
}

/**
 * Expects this exit code. With 0 or 1 the run must not have ended early. The failure message shows
 * the last lines of the run.
 */
export function expectExit(run: CliRun, exitCode: number): void {
  const last = run.events.at(-1);
  const endedEarly = exitCode <= 1 && last?.type === 'run.finished' ? last.error?.message : undefined;
  expect({ exitCode: run.exitCode, signal: run.signal, endedEarly }, lastWordsOf(run)).toEqual({
    exitCode,
    signal: null,
    endedEarly: undefined,
  });
}
