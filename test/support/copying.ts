/** Runs commands about a second archive, with a home of its own and without any account. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Copied, RunFinished } from '../../src/events.ts';
import { finishedOf, runCliHere, startCli, type CliRun, type RunningCli } from './cli.ts';
import { ownEnvironment } from './own-home.ts';
import { openPlace, type Place, type PlaceKind } from './places.ts';
import { makeTempDir } from './temp-dir.ts';

/** A copy that has ended, with what it counted. */
export interface CopyRun extends CliRun {
  readonly finished: RunFinished;
  readonly copied: Copied;
}

export interface Copying extends AsyncDisposable {
  readonly home: string;
  /** Runs `copy --json` in the process of the test. */
  copy(...args: readonly string[]): Promise<CopyRun>;
  /** Starts `copy --json` as a process. */
  start(...args: readonly string[]): RunningCli;
  /** Starts `copy --json` as a process with further environment variables. */
  startWith(more: Readonly<Record<string, string>>, ...args: readonly string[]): RunningCli;
  /** Runs `verify --json --deep` of the second archive. */
  verify(): Promise<CliRun & { readonly finished: RunFinished }>;
  /** Runs any command with the home of the second archive. */
  run(...args: readonly string[]): Promise<CliRun>;
  /** Removes everything that the home knows. */
  forget(): Promise<void>;
}

/** A new place until the test ends. */
export async function placeOf(kind: PlaceKind): Promise<Place> {
  const place = await openPlace(kind);
  onTestFinished(async () => place[Symbol.asyncDispose]());
  return place;
}

/** Copies from one place to another one until the test ends. */
export async function copyingBetween(from: Place, to: Place): Promise<Copying> {
  const copying = await openCopying(from, to);
  onTestFinished(async () => copying[Symbol.asyncDispose]());
  return copying;
}

/** Copies from one place to another one. */
export async function openCopying(from: Place, to: Place): Promise<Copying> {
  const temp = await makeTempDir();
  const home = join(temp.path, 'home');
  const environment = ownEnvironment(temp.path, from, to);
  const store = from.environment['CLOUD_SYNC_S3_ENDPOINT'];
  const own = store === undefined ? [] : ['--from-s3-endpoint', store];
  const argsOf = (args: readonly string[]) => ['copy', '--from', from.to, '--to', to.to, '--json', ...own, ...args];
  return {
    home,
    copy: async (...args) => withCounts(await runCliHere(argsOf(args), environment)),
    start: (...args) => startCli(argsOf(args), { environment }),
    startWith: (more, ...args) => startCli(argsOf(args), { environment: { ...environment, ...more } }),
    verify: async () => {
      const run = await runCliHere(['verify', '--to', to.to, '--json', '--deep'], environment);
      return { ...run, finished: finishedOf(run) };
    },
    run: async (...args) => runCliHere(args, environment),
    forget: async () => rm(home, { recursive: true, force: true }),
    [Symbol.asyncDispose]: async () => temp[Symbol.asyncDispose](),
  };
}

function withCounts(run: CliRun): CopyRun {
  const finished = finishedOf(run);
  if (!finished.copied && !finished.error) throw new Error('the run counted nothing');
  return { ...run, finished, copied: finished.copied! };
}
