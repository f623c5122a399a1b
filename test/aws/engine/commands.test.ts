/** The commands with which a person uses the deployed engine, in the order of docs/aws.md. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { finishedOf, runCli, type CliRun } from '../../support/cli.ts';
import { createMediaMaker } from '../../support/simulated-media.ts';
import { makeTempDir } from '../../support/temp-dir.ts';
import { startEngine } from '../support/engine.ts';
import { openEngineScene } from '../support/engine-scene.ts';

test('`login` fills the secret, a run is followed to its end, and the local and the deployed engine share one ledger', async () => {
  await using engine = await startEngine();
  await using temp = await makeTempDir();
  const maker = createMediaMaker('commands');
  const library = createLibrary([maker.photo(), maker.photo(), maker.photo()]);
  await using scene = await openEngineScene(engine, { library, deployed: true });
  const { accessToken, userId, apiUrl } = scene.cloud;
  const environment = {
    ...engine.aws.environment,
    HOME: temp.path,
    CLOUD_SYNC_HOME: join(temp.path, 'home'),
    CLOUD_SYNC_GOPRO_API_URL: apiUrl,
    CLOUD_SYNC_GOPRO_API_RPS: '1000',
    CLOUD_SYNC_ENV: 'dev',
  };
  async function run(...args: readonly string[]): Promise<CliRun> {
    const ended = await runCli(args, { environment });
    engine.keepText(`${ended.stdout}\n${ended.stderr}`);
    expect(ended.exitCode, ended.stderr).toBe(0);
    return ended;
  }

  const cookies = join(temp.path, 'cookies.txt');
  await writeFile(cookies, `curl 'https://api.gopro.com/media/search' -b 'gp_access_token=${accessToken}; gp_user_id=${userId}'`);
  await run('login', 'gopro', '--to-secret', engine.deployment.secret, '--file', cookies);
  await run('aws', 'run', '--follow');
  await scene.expectComplete();
  expect((await run('aws', 'status')).stdout).toContain('3');

  // Each engine knows which files the other engine archived.
  library.add(maker.photo());
  const signedIn = { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: accessToken, CLOUD_SYNC_GOPRO_USER_ID: userId };
  Object.assign(environment, signedIn, { CLOUD_SYNC_S3_ENDPOINT: engine.aws.endpoint, CLOUD_SYNC_S3_PATH_STYLE: 'true' });
  const local = await run('sync', '--provider', 'gopro', '--to', `s3://${scene.bucket}`, '--tracker', 'dynamodb', '--json');
  expect(finishedOf(local)).toMatchObject({ files: { archived: 1, skipped: 3 } });
  await scene.expectComplete();
  scene.cloud.clearLog();
  const last = await scene.run();
  expect([last.status, last.states.at(-1)]).toEqual(['SUCCEEDED', 'NoNewVideos']);
  expect(scene.cloud.stats().cdnBytesSent).toBe(0);
  expect(await engine.notifications()).toEqual([]);
  await engine.expectNoSecrets();
});
