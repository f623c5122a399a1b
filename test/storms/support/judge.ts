/**
 * Judges an archive after a storm by its content, and compares the archive with the results of the
 * runs.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { compare, wantedOf } from '../../support/archive.ts';
import { eventsOf, finishedOf, lastWordsOf, type CliRun } from '../../support/cli.ts';
import { expectExit } from '../../support/scene.ts';
import type { StormScene } from './scene.ts';

/** The SHA-256 of every archived file that was ever seen, by key. */
export type Seen = Map<string, string>;

/** The names that a storm may leave behind in `.cloud-sync/`, in a directory or on S3. */
const ownNames =
  /^(?:archive\.json|manifest\.jsonl|lease|lease-after-[^/]+|partial\/[^/]+|capabilities\.json|probe|records\/.+)$/;

/** Judges the archive right after a storm, when files may still be missing. */
export async function judgeStorm(scene: StormScene, runs: readonly CliRun[], seen: Seen): Promise<void> {
  const ended = runs.filter(({ signal }) => signal === null);
  for (const run of ended) {
    const allowed = scene.spoils ? [0, 1, 4] : [0, 4];
    expect(allowed, `an end of a run: ${lastWordsOf(run)}`).toContain(run.exitCode);
  }
  const { missing, surplus } = await differenceOf(scene, seen);
  if (!scene.spoils) expect(surplus, 'surplus after the storm').toEqual([]);
  const isClaimed = ended.some(({ exitCode }) => exitCode === 0);
  if (isClaimed) expect(missing, 'missing, although a run claimed that everything is archived').toEqual([]);
}

/** Lets each home end its work, and judges the archive. */
export async function judgeCalm(scene: StormScene, seen: Seen): Promise<void> {
  scene.calm();
  const wanted = await wantedOf(scene.cloud.library);
  for (const home of new Set(scene.homes)) {
    const run = await endWork(scene, home);
    const { archived, skipped } = finishedOf(run).files;
    expect(archived + skipped, 'files that a calm run counts').toBe(wanted.length);
  }
  const { missing, surplus } = await differenceOf(scene, seen);
  expect(missing, 'missing after a calm run').toEqual([]);
  if (!scene.spoils) expect(surplus, 'surplus after a calm run').toEqual([]);
  for (const home of new Set(scene.homes)) {
    const run = await scene.run(home, 'verify', '--deep');
    // A spoiled object cannot be replaced, so it stays beside the sound one. `verify` must name
    // every spoiled object.
    expect(namedBy(run), lastWordsOf(run)).toEqual(new Set(surplus.map((text) => text.split(' ')[0])));
    if (surplus.length > 0) continue;
    expectExit(run, 0);
    expect(finishedOf(run).verified?.files, 'files that verify counts').toBe(wanted.length);
  }
}

/** Runs `sync` until it ends well. After spoiled bodies a file may need more than one run. */
async function endWork(scene: StormScene, home: string): Promise<CliRun> {
  for (let runs = scene.spoils ? 6 : 1; ; runs -= 1) {
    const run = await scene.run(home, 'sync');
    if (run.exitCode === 0) return run;
    if (runs <= 1) expectExit(run, 0);
  }
}

/** The keys that a run of `verify` calls damaged, superseded, missing or unknown. */
function namedBy(run: CliRun): Set<string> {
  const names = ['file.damaged', 'file.superseded', 'file.missing', 'file.unknown'] as const;
  return new Set(names.flatMap((name) => eventsOf(run, name as 'file.damaged').map(({ key }) => key)));
}

/**
 * Expects that nobody wrote to a file after it was published, not even the same bytes. Publishing
 * sets the time of the last write to the capture time, which is long ago.
 */
async function expectUntouched(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  expect(mtimeMs, `the last write to ${path}`).toBeLessThan(performance.timeOrigin);
}

/**
 * Compares the files with the library, and expects that no file has changed since an earlier look.
 */
async function differenceOf(scene: StormScene, seen: Seen) {
  const files = await scene.place.files();
  for (const [key, sha256] of seen) {
    expect(files.find((file) => file.key === key)?.sha256, `${key} is no longer what it was`).toBe(sha256);
  }
  for (const { key, sha256 } of files) seen.set(key, sha256);
  if (scene.place.kind === 'disk') for (const { key } of files) await expectUntouched(join(scene.place.to, key));
  expect(
    (await scene.ownNames()).filter((name) => !ownNames.test(name)),
    'unexpected names in .cloud-sync',
  ).toEqual([]);
  return compare(files, await wantedOf(scene.cloud.library));
}
