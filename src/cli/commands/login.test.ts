import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-process.ts';
import { setScene, type Scene } from '../../../test/support/cli-scene.ts';

/** An environment without credentials. */
function loginEnvironment({ home, cloud }: Scene): Record<string, string> {
  return { CLOUD_SYNC_HOME: home, CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl, CLOUD_SYNC_GOPRO_API_RPS: '100' };
}

function curl({ cloud }: Scene): string {
  return `curl 'https://api.gopro.com/media/search' -H 'accept: */*' -b 'gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}'`;
}

describe('login', () => {
  test('login stores accepted credentials for sync, names their file and never shows them', async () => {
    const scene = await setScene();
    const environment = loginEnvironment(scene);
    const result = await runCli(['login', 'gopro'], { environment, input: curl(scene) });
    const file = join(scene.home, 'credentials.json');
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(file),
      stderr: expect.stringContaining('CLOUD_SYNC_PASSPHRASE'),
    });
    expect(result.stdout + result.stderr).not.toContain(scene.cloud.accessToken);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(scene.home).mode & 0o777).toBe(0o700);
    expect(await runCli(['sync', '--to', scene.archive], { environment })).toMatchObject({ exitCode: 0 });
  });

  test('login keeps the stored credentials if the API refuses the new ones', async () => {
    const scene = await setScene();
    const environment = loginEnvironment(scene);
    await runCli(['login', 'gopro'], { environment, input: curl(scene) });
    const before = readFileSync(join(scene.home, 'credentials.json'), 'utf8');
    const refused = await runCli(['login', 'gopro'], {
      environment,
      input: curl(scene).replaceAll(scene.cloud.accessToken, 'x'.repeat(60)),
    });
    expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('unchanged') });
    expect(refused.stderr).not.toContain('x'.repeat(60));
    expect(readFileSync(join(scene.home, 'credentials.json'), 'utf8')).toBe(before);
  });

  test('login encrypts with the passphrase, and sync needs the same passphrase', async () => {
    const scene = await setScene();
    const environment = {
      ...loginEnvironment(scene),
      CLOUD_SYNC_CREDENTIAL_STORE: 'age',
      CLOUD_SYNC_PASSPHRASE: 'correct horse',
    };
    const stored = await runCli(['login', 'gopro'], { environment, input: curl(scene) });
    expect(stored).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('credentials.age') });
    expect(readFileSync(join(scene.home, 'credentials.age'), 'latin1')).toMatch(/^age-encryption\.org\/v1\n-> scrypt /);
    const sync = ['sync', '--dry-run', '--to', scene.archive];
    expect(await runCli(sync, { environment })).toMatchObject({ exitCode: 0 });
    expect(await runCli(sync, { environment: { ...environment, CLOUD_SYNC_PASSPHRASE: 'wrong horse' } })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('does not open'),
    });
    expect(await runCli(sync, { environment: { ...environment, CLOUD_SYNC_PASSPHRASE: '' } })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('CLOUD_SYNC_PASSPHRASE'),
    });
  });

  test('sync warns of old credentials, and of a credentials file that others can read', async () => {
    const scene = await setScene();
    const environment = loginEnvironment(scene);
    await runCli(['login', 'gopro'], { environment, input: curl(scene) });
    const file = join(scene.home, 'credentials.json');
    const sixDaysAgo = new Date(Date.now() - 6 * 86_400_000).toISOString();
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"last_updated": ".*?"/, `"last_updated": "${sixDaysAgo}"`));
    chmodSync(file, 0o644);
    const result = await runCli(['sync', '--dry-run', '--to', scene.archive], { environment });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('6 days old');
    expect(result.stderr).toContain(`other users of this machine could read ${file}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
