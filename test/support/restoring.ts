/** Runs `restore` of an archive into new directories. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Event, RunFinished } from '../../src/events.ts';
import { finishedOf, runCliHere, startCli, type CliRun, type RunningCli } from './cli.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { ownEnvironment } from './own-home.ts';
import { diskPlaceAt, openPlace, type FoundFile, type Place, type PlaceKind } from './places.ts';
import { expectExit, openScene, type Scene } from './scene.ts';
import { createMediaMaker } from './simulated-media.ts';
import { makeTempDir } from './temp-dir.ts';

/** A restore that has ended, with what it counted. */
export interface RestoreRun extends CliRun {
  readonly finished: RunFinished;
  readonly restored: NonNullable<RunFinished['restored']>;
}

export interface Restoring extends AsyncDisposable {
  /** A directory that does not exist yet. */
  readonly into: string;
  /** A home that does not exist. */
  readonly home: string;
  /** Runs `restore --json` in the process of the test. */
  restore(...args: readonly string[]): Promise<RestoreRun>;
  /** Starts `restore --json` as a process. */
  start(args?: readonly string[], environment?: Readonly<Record<string, string>>): RunningCli;
  /** Runs `restore --json` as a process. */
  run(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<RestoreRun>;
  /** The files in the directory, without those in `.cloud-sync`. */
  files(): Promise<FoundFile[]>;
  /** The names in the directory. */
  names(): Promise<string[]>;
}

/** Restores from the archive at a place. */
export async function openRestoring(place: Place): Promise<Restoring> {
  const temp = await makeTempDir();
  const into = join(temp.path, 'restored');
  const home = join(temp.path, 'home');
  const environment = ownEnvironment(temp.path, place);
  const argsOf = (args: readonly string[]) => ['restore', '--from', place.to, '--into', into, '--json', ...args];
  const start = (args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) =>
    startCli(argsOf(args), { environment: { ...environment, ...more } });
  return {
    into,
    home,
    restore: async (...args) => withCounts(await runCliHere(argsOf(args), environment)),
    start,
    run: async (more, ...args) => withCounts(await start(args, more).ended),
    files: async () => diskPlaceAt(into).files(),
    names: async () => readdir(into),
    [Symbol.asyncDispose]: async () => temp[Symbol.asyncDispose](),
  };
}

function withCounts(run: CliRun): RestoreRun {
  const finished = finishedOf(run);
  if (!finished.restored && !finished.error) throw new Error('the run counted nothing');
  return { ...run, finished, restored: finished.restored! };
}

/** The keys of the failed files, each with the code of its error. */
export function failuresOf({ events }: CliRun): readonly string[] {
  return events.flatMap((event: Event) => (event.type === 'file.failed' ? [`${event.code} ${event.key}`] : [])).toSorted();
}

/** The files in the order of their names. */
export function sorted(files: readonly FoundFile[]): readonly FoundFile[] {
  return files.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** The sum of the sizes of the files in a directory. 0 if it does not exist. */
export function bytesIn(directory: string): number {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The size of the largest file of a small archive. */
const filmBytes = 3 * 1024 * 1024;

/** Opens an archive of a few media: a film, a video in chapters, a burst and photos. */
export async function openSmallScene(kind: PlaceKind, seed: string): Promise<Scene> {
  const maker = createMediaMaker(seed);
  const library = createLibrary([maker.photo(), maker.photo(70_000), maker.burst(), maker.chapters(), maker.video(filmBytes)]);
  const scene = await openScene({ library, place: await openPlace(kind), inProcess: true });
  expectExit(await scene.sync(), 0);
  return scene;
}

/** Opens such an archive until the test ends. */
export async function openSmallArchive(kind: PlaceKind, seed: string): Promise<Scene> {
  const scene = await openSmallScene(kind, seed);
  onTestFinished(async () => scene[Symbol.asyncDispose]());
  return scene;
}

/** The keys of all archived files. */
export async function keysOf({ place }: Scene): Promise<string[]> {
  return (await place.files()).map(({ key }) => key).toSorted();
}
