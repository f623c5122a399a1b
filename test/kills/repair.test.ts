/** kill -9 before every step by which a run replaces a damaged file on a disk. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { fileOf } from '../support/archive.ts';
import { diskPlaceAt, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const killAtStep = new URL('../support/kill-at-step.ts', import.meta.url).href;

async function openDamaged(sizeBytes: number) {
  const medium = createMediaMaker('swap').photo(sizeBytes);
  const scene = await openScene<DiskPlace>({ library: createLibrary([medium]), inProcess: true });
  expectExit(await scene.sync(), 0);
  const { key } = fileOf(await scene.place.files(), medium.id);
  await scene.place.damage(key, 1_000);
  const { sha256: damaged } = fileOf(await scene.place.files(), medium.id);
  expectExit(await scene.verify(), 1);
  return { scene, damaged };
}

/** All bytes that the archive has of the file: under its key, and in the quarantine. */
async function contents({ place }: Scene<DiskPlace>): Promise<string[]> {
  const aside = await diskPlaceAt(join(place.directory, '.cloud-sync', 'quarantine')).files();
  return [...(await place.files()), ...aside].map(({ sha256 }) => sha256);
}

/**
 * Kills the repair before step number `step`. Expects that the archive still has the damaged bytes,
 * and that the next run completes the repair.
 */
async function killRepair(step: number, sizeBytes: number, more: Readonly<Record<string, string>> = {}) {
  await using temp = await makeTempDir();
  const log = join(temp.path, 'steps');
  const { scene, damaged } = await openDamaged(sizeBytes);
  await using _scene = scene;
  const environment = { NODE_OPTIONS: `--import=${killAtStep}`, KILL_BEFORE_STEP: String(step), STEP_LOG: log, ...more };
  const run = await scene.startSync({ environment }).ended;
  const steps = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const where = `before ${steps.at(-1)}`;
  if (run.signal === null) expectExit(run, 0);
  else expect(run.signal).toBe('SIGKILL');
  expect(await contents(scene), where).toContain(damaged);
  const next = await scene.sync();
  expectExit(next, 0);
  expect(next.finished.files, where).toMatchObject({ failed: 0, lost: 0, pending: 0 });
  await scene.expectComplete();
  expect(
    (await contents(scene)).filter((sha256) => sha256 === damaged),
    where,
  ).toHaveLength(1);
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified, where).toMatchObject({ files: 1, missing: 0, damaged: 0, unknown: 0 });
  return { killed: run.signal !== null, steps };
}

test.each([
  ['any step', 'with hard links', 1, {}],
  ['every third step', 'without hard links', 3, { NO_HARD_LINKS: '1' }],
] as const)('a repair that is killed before %s loses nothing, %s', { timeout: 400_000 }, async (_, __, stride, more) => {
  const { steps } = await killRepair(Infinity, 60_000, more);
  const draft = steps.findIndex((line) => / open .*\.part$/.test(line)) + 1;
  expect(draft).toBeGreaterThan(5);
  expect(steps.some((line) => /quarantine/.test(line))).toBe(true);
  let step = draft;
  while ((await killRepair(step, 60_000, more)).killed) step += stride;
  expect(step - draft).toBeGreaterThan(20);
});

test(
  'a repair that was killed after the damaged file was moved away is completed although the provider is down',
  { timeout: 120_000 },
  async () => {
    const { steps } = await killRepair(Infinity, 60_000);
    const moved = steps.findIndex((line) => / rename .*gopro-videos/.test(line)) + 2;
    expect(moved).toBeGreaterThan(5);
    for (const step of [moved, moved + 1]) {
      const { scene } = await openDamaged(60_000);
      await using _scene = scene;
      const environment = { NODE_OPTIONS: `--import=${killAtStep}`, KILL_BEFORE_STEP: String(step) };
      expect((await scene.startSync({ environment }).ended).signal).toBe('SIGKILL');
      scene.cloud.faults.set([{ match: { host: 'api' }, action: { type: 'status', status: 503 } }]);
      expectExit(await scene.verify(), 0);
      await scene.expectComplete();
    }
  },
);
