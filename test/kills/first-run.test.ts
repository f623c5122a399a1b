/** kill -9 before every step of a first run and of a login. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, temporaryDirectory } from '../support/cli-process.ts';
import { finished, setScene } from '../support/cli-scene.ts';

const killAtStep = `--import=${new URL('../support/kill-at-step.ts', import.meta.url).href}`;
const noHardLinks = { NODE_OPTIONS: killAtStep, NO_HARD_LINKS: '1' };

test('a first run that is killed before it takes the lease does not harm the next run, on a disk without hard links', async () => {
  const log = join(temporaryDirectory(), 'steps');
  const calm = await setScene();
  await runCli(['sync', '--to', calm.archive], { environment: { ...calm.environment, ...noHardLinks, STEP_LOG: log } });
  const steps = readFileSync(log, 'utf8').split('\n');
  // `steps.test.ts` kills runs at the later steps.
  const beforeLease = steps.slice(
    0,
    steps.findIndex((step) => step.includes('lease')),
  );
  expect(beforeLease.length).toBeGreaterThan(10);
  const killBefore = async (step: string) => {
    const { archive, environment } = await setScene();
    const killed = { ...environment, ...noHardLinks, KILL_BEFORE_STEP: String(Number.parseInt(step, 10)) };
    await runCli(['sync', '--to', archive], { environment: killed });
    const next = await runCli(['sync', '--to', archive, '--json'], { environment: { ...environment, ...noHardLinks } });
    expect(finished(next), `killed before ${step}`).toMatchObject({ exitCode: 0, files: { archived: 5 } });
  };
  for (let first = 0; first < beforeLease.length; first += 2)
    await Promise.all(beforeLease.slice(first, first + 2).map(killBefore));
});

test('a login that is killed before any step leaves no readable secret after the next login', async () => {
  const { cloud, environment, home } = await setScene();
  const { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: _token, CLOUD_SYNC_GOPRO_USER_ID: _user, ...signedOut } = environment;
  const input = `gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}`;
  for (let step = 1; ; step += 1) {
    const killed = { ...signedOut, NODE_OPTIONS: killAtStep, KILL_BEFORE_STEP: String(step) };
    const first = await runCli(['login', 'gopro'], { environment: killed, input });
    const sealing = { ...signedOut, CLOUD_SYNC_CREDENTIAL_STORE: 'age', CLOUD_SYNC_PASSPHRASE: 'correct horse' };
    expect(await runCli(['login', 'gopro'], { environment: sealing, input })).toMatchObject({ exitCode: 0 });
    for (const name of readdirSync(home)) expect(readFileSync(join(home, name), 'latin1'), name).not.toContain(cloud.accessToken);
    if (first.exitCode === 0) break;
  }
});
