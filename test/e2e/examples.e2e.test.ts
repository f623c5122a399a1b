/** The scripts of docs/examples, run as a person runs them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import type { DiskPlace } from '../support/places.ts';
import { openScene, type Scene, type SceneOptions } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line of bash at the root of the repository, with the Node that runs this test. */
async function bash(commandLine: string, environment: Readonly<Record<string, string>>): Promise<Ending> {
  const path = [dirname(process.execPath), process.env['PATH']].join(':');
  // npx finds the program in the repository. Offline mode keeps npx from downloading another one.
  const env = { ...environment, PATH: path, npm_config_offline: 'true', npm_config_update_notifier: 'false' };
  return run('bash', ['-c', `set -o pipefail; ${commandLine}`], { cwd: root, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ending) => error,
  );
}

/** A library of three photos. */
async function openSmallScene(options: SceneOptions<DiskPlace> = {}): Promise<Scene<DiskPlace>> {
  const maker = createMediaMaker('examples');
  const library = createLibrary([maker.photo(), maker.photo(), maker.photo()]);
  return openScene<DiskPlace>({ library, ...options });
}

/** Makes every resolve of one medium fail in the cloud, and returns the medium. */
function failOne({ cloud }: Scene): SimMedium {
  const [failing] = [...cloud.library.media()];
  if (!failing) throw new Error('the library is empty');
  cloud.faults.set([{ match: { endpoint: 'download', mediaId: failing.id }, action: { type: 'malformedJson' } }]);
  return failing;
}

/** Runs an example with the scene's place, and with the scene's environment by default. */
async function runExample(scene: Scene<DiskPlace>, script: string, environment = scene.environment()): Promise<Ending> {
  return bash(`bash docs/examples/${script} '${scene.place.to}'`, environment);
}

test('first-archive.sh archives and verifies, and then stops its simulator', async () => {
  await using temp = await makeTempDir();
  // The call of `bash` returns only if the script stops its simulator, because a running simulator
  // keeps standard error open.
  const environment = { HOME: temp.path, CLOUD_SYNC_GOPRO_API_RPS: '1000' };
  const ended = await bash(`bash docs/examples/first-archive.sh "$HOME/example"`, environment);
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain('archived       89');
  expect(existsSync(join(temp.path, 'example/archive/.cloud-sync/archive.json'))).toBe(true);
});

test('read-events.js names each file and ends with the exit code of the run', async () => {
  await using scene = await openSmallScene();
  const reading = `npx cloud-sync sync --provider gopro --to '${scene.place.to}' --json | node docs/examples/read-events.js`;
  const failing = failOne(scene);
  const first = await bash(reading, scene.environment());
  expect(first.code).toBe(1);
  expect(first.stdout).toContain(`failed ${failing.record.filename}: `);
  expect(first.stdout.match(/^archived .+ \(\d+ bytes\)$/gm)).toHaveLength(2);
  expect(first.stdout).toContain('partial: 2 archived, 1 failed\n');
  scene.cloud.faults.clear();
  expect(await bash(reading, scene.environment())).toMatchObject({ code: 0 });
  await scene.expectComplete();
});

describe('tell-me-when.sh', () => {
  test('tell-me-when.sh prints nothing about a run that archived everything', async () => {
    await using scene = await openSmallScene();
    expect(await runExample(scene, 'tell-me-when.sh')).toEqual({ code: 0, stdout: '', stderr: '' });
    await scene.expectComplete();
  });

  test('tell-me-when.sh lists the failures of a run', async () => {
    await using scene = await openSmallScene();
    const failing = failOne(scene);
    const ended = await runExample(scene, 'tell-me-when.sh');
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(failing.id);
  });

  test('tell-me-when.sh asks for new cookies when the old ones have expired', async () => {
    await using scene = await openSmallScene();
    const environment = scene.environment();
    scene.cloud.expireToken();
    const ended = await runExample(scene, 'tell-me-when.sh', environment);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain('login gopro');
  });
});

test('check-sums.sh accepts every right checksum and finds a wrong one', async () => {
  await using scene = await openSmallScene();
  const sound = await runExample(scene, 'check-sums.sh');
  expect(sound).toMatchObject({ code: 0 });
  expect(sound.stdout).toContain('All 3 checksums are right.\n');
  const [file] = await scene.place.files();
  await scene.place.damage(file!.key, 100);
  const damaged = await runExample(scene, 'check-sums.sh');
  expect(damaged.code).toBe(1);
  expect(damaged.stdout).toContain(`${file!.key}: FAILED`);
});
