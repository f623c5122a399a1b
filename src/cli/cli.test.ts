import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
  renameSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Event, RunFinished } from '../events.ts';
import { startGoproCloud, type GoproCloud, type GoproCloudOptions } from '../sim/gopro/index.ts';
import { runCli, startCli, temporaryDirectory, type CliResult } from '../../test/support/cli-process.ts';

interface Scene {
  readonly cloud: GoproCloud;
  readonly home: string;
  /** An archive's place that does not exist yet. */
  readonly archive: string;
  readonly environment: Record<string, string>;
}

const few = { preset: 'large', presetOptions: { count: 5 } } as const;

async function setScene(options: GoproCloudOptions = few): Promise<Scene> {
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

function events({ stdout }: CliResult): (Event & { readonly time: string })[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event & { readonly time: string });
}

function finished(result: CliResult): RunFinished {
  const last = events(result).at(-1);
  if (last?.type !== 'run.finished') throw new Error(`the last line is ${last?.type}`);
  return last;
}

describe('sync, verify, status, list and retry', () => {
  test('refuse a copy of an archive that the home knows elsewhere, because one tracker cannot speak for both', async () => {
    const { archive, environment } = await setScene();
    expect(await runCli(['sync', '--to', archive, '--name', '*1.*'], { environment })).toMatchObject({ exitCode: 0 });
    cpSync(archive, `${archive}-copy`, { recursive: true });
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({ exitCode: 0 });

    const refused = await runCli(['sync', '--to', `${archive}-copy`, '--json'], { environment });
    expect(finished(refused)).toMatchObject({ exitCode: 6, error: { code: 'ARCHIVE_UNKNOWN' } });
    rmSync(join(`${archive}-copy`, '.cloud-sync/archive.json'));
    const own = finished(await runCli(['sync', '--to', `${archive}-copy`, '--json'], { environment }));
    expect(own.exitCode).toBe(0);
    expect(own.files.archived).toBeGreaterThan(0);
    expect(own.files.archived + own.files.skipped).toBe(5);
  });

  test('name a medium on its own only if none of its files is known', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    expect(await runCli(['list', '--to', archive, '--status', 'resolved'], { environment })).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
  });

  test.runIf(existsSync('/dev/full'))('say so when the output cannot be written', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const command = ['-c', '"$0" bin/cloud-sync.js list --to "$1" > /dev/full', process.execPath, archive];
    const { status, stderr } = spawnSync('sh', command, { env: environment, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: cannot write to standard output: [^\n]+\n$/);
  });

  test('archive a library, verify it, say so, and find nothing to do the second time', async () => {
    const { archive, environment } = await setScene();
    const first = await runCli(['sync', '--to', archive], { environment });
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain('archived       5');
    expect(first.stdout).toContain('Everything is archived and verified');

    const second = await runCli(['sync', '--to', archive, '--json'], { environment });
    expect(finished(second)).toMatchObject({ outcome: 'clean', files: { archived: 0, skipped: 5 }, bytes: { fetched: 0 } });
    expect(await runCli(['verify', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('there and intact'),
    });
    expect(await runCli(['status', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/5 media: 5 complete[\s\S]*5 files archived/),
    });
    expect(await runCli(['retry', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: 'Nothing had failed.\n',
    });
    const list = await runCli(['list', '--to', archive, '--json', '--status', 'completed'], { environment });
    expect(
      list.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toHaveLength(5);
  });

  test('--json gives nothing but events with their time, run.finished last', async () => {
    const { archive, environment, cloud } = await setScene();
    const result = await runCli(['sync', '--to', archive], { environment: { ...environment, CLOUD_SYNC_JSON: 'true' } });
    const all = events(result);
    expect(all.every(({ time }) => new Date(time).toISOString() === time)).toBe(true);
    expect(all.filter(({ type }) => type === 'file.archived')).toHaveLength(5);
    expect(finished(result)).toMatchObject({ outcome: 'clean', exitCode: 0, files: { archived: 5, failed: 0 } });
    expect(result.stdout).not.toContain(cloud.accessToken);
    expect(result.stdout).not.toContain(cloud.userId);
  });

  test('--json ends with run.finished also when the run could not begin', async () => {
    const { archive, home } = await setScene();
    const result = await runCli(['sync', '--to', archive, '--json'], { environment: { CLOUD_SYNC_HOME: home } });
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('login gopro') });
    expect(finished(result)).toMatchObject({ outcome: 'expired', exitCode: 3, error: { code: 'CREDENTIALS_MISSING' } });
  });

  test('what failed is named with its reason, by sync, list and --quiet, and retry gives it a fresh start', async () => {
    const { archive, environment, cloud } = await setScene();
    cloud.faults.set([{ match: { endpoint: 'file', method: 'GET' }, action: { type: 'status', status: 404 } }]);
    const quiet = await runCli(['sync', '--to', archive, '--quiet', '--quarantine-after', '1'], { environment });
    expect(quiet).toMatchObject({ exitCode: 1, stdout: '' });
    expect(quiet.stderr.match(/^failed: .*404/gm)).toHaveLength(5);
    const list = await runCli(['list', '--to', archive, '--status', 'quarantined,failed'], { environment });
    expect(list.stdout.match(/^quarantined .*404.*\[1 failed run\]$/gm)).toHaveLength(5);
    expect(await runCli(['retry', 'nobody', '--to', archive], { environment })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('nobody'),
    });
    cloud.faults.set([]);
    expect(await runCli(['retry', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('tried afresh'),
    });
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('archived       5'),
    });
  });

  test('a dry run writes nothing, neither at the destination nor in the home', async () => {
    const { archive, environment, home } = await setScene();
    const result = await runCli(['sync', '--to', archive, '--dry-run'], { environment });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.match(/^would archive /gm)).toHaveLength(5);
    expect(existsSync(archive)).toBe(false);
    expect(existsSync(home)).toBe(false);
  });

  test('config.toml, the environment and flags count in this order, and --no-… overrules both', async () => {
    const { archive, environment, home } = await setScene();
    mkdirSync(home);
    writeFileSync(
      join(home, 'config.toml'),
      `to = ${JSON.stringify(archive)}\njson = true\ndry-run = true\nname = ["nothing-has-this-name*"]\n`,
    );
    const result = await runCli(['sync', '--name', 'GX*,GOPR*', '--name', '*', '--no-dry-run'], { environment });
    expect(finished(result)).toMatchObject({ exitCode: 0, files: { archived: 5 } });
  });
});

describe('home and archive belong together', () => {
  test('a known archive that is not there is exit 6, and nothing is written', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    renameSync(archive, `${archive}-elsewhere`);
    for (const prepare of [() => {}, () => mkdirSync(archive)]) {
      prepare();
      for (const command of ['sync', 'verify', 'status']) {
        const result = await runCli([command, '--to', archive], { environment });
        expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('Is the disk mounted?') });
      }
    }
    expect(readdirSync(archive)).toEqual([]);
  });

  test('another archive than the known one is exit 6, naming both and how to accept it', async () => {
    const { archive, environment, home } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const [[location, id] = ['', '']] = Object.entries(
      JSON.parse(readFileSync(join(home, 'archives.json'), 'utf8')) as Record<string, string>,
    );
    rmSync(archive, { recursive: true });
    await runCli(['sync', '--to', archive], { environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() } });
    const other = (JSON.parse(readFileSync(join(archive, '.cloud-sync/archive.json'), 'utf8')) as { id: string }).id;
    const result = await runCli(['sync', '--to', archive], { environment });
    expect(location).toBe(archive);
    expect(result.exitCode).toBe(6);
    for (const part of [id, other, join(home, 'archives.json')]) expect(result.stderr).toContain(part);
  });

  test('an archive that this home never saw is adopted without fetching a byte', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const result = await runCli(['sync', '--to', archive, '--json'], {
      environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() },
    });
    expect(finished(result)).toMatchObject({ exitCode: 0, files: { archived: 0, skipped: 5 }, bytes: { fetched: 0 } });
  });

  test('an id that would leave the home is refused', async () => {
    const { archive, environment } = await setScene();
    mkdirSync(join(archive, '.cloud-sync'), { recursive: true });
    writeFileSync(
      join(archive, '.cloud-sync/archive.json'),
      JSON.stringify({ id: '../../escaped', version: 1, createdAt: '2026-01-01T00:00:00Z' }),
    );
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('never gives'),
    });
  });

  test('one home fills two archives completely', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const second = await runCli(['sync', '--to', `${archive}-2`, '--json'], { environment });
    expect(finished(second).files.archived).toBe(5);
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a run within two seconds with %i, progress kept', async (signal, exitCode) => {
    const { archive, environment } = await setScene({ preset: 'big-file', presetOptions: { sizeBytes: 300_000_000 } });
    const child = startCli(['sync', '--to', archive, '--json', '--bwlimit', '10M'], { environment });
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('file.started') && resolve()),
    );
    await delay(300);
    const sentAtMs = Date.now();
    child.kill(signal);
    const result = await child.result;
    expect(Date.now() - sentAtMs).toBeLessThan(2_000);
    expect(result.exitCode).toBe(exitCode);
    expect(finished(result)).toMatchObject({ outcome: 'interrupted', exitCode });
  });
});

/** Without credentials of its own. */
function loginEnvironment({ home, cloud }: Scene): Record<string, string> {
  return { CLOUD_SYNC_HOME: home, CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl, CLOUD_SYNC_GOPRO_API_RPS: '100' };
}

function curl({ cloud }: Scene): string {
  return `curl 'https://api.gopro.com/media/search' -H 'accept: */*' -b 'gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}'`;
}

describe('login', () => {
  test('stores what the API accepts, says where, shows none of it, and sync uses it', async () => {
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

  test('leaves what was stored alone when the API refuses the new credentials', async () => {
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

  test('encrypts with the passphrase, and sync needs the same', async () => {
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

  test('old credentials and a file that others may read are warned of', async () => {
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
    expect(result.stderr).toContain('chmod 600');
  });
});

describe('doctor, demo, simulate, completion, help', () => {
  test('doctor says ok of what works and what to do about what does not', async () => {
    const { archive, environment } = await setScene();
    const good = await runCli(['doctor', '--to', archive], { environment });
    expect(good).toMatchObject({ exitCode: 0, stdout: expect.not.stringMatching(/^fail/m) });
    for (const subject of ['home', 'network', 'clock', 'credentials', 'destination'])
      expect(good.stdout).toMatch(new RegExp(`^(ok|warn)  +${subject} `, 'm'));
    expect(existsSync(archive)).toBe(false);
    const bad = await runCli(['doctor', '--json', '--to', join(archive, 'not/there')], {
      environment: { ...environment, CLOUD_SYNC_GOPRO_API_URL: 'http://127.0.0.1:1', CLOUD_SYNC_GOPRO_ACCESS_TOKEN: '' },
    });
    const findings = bad.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; subject: string; advice?: string });
    const failed = findings.filter(({ level }) => level === 'fail');
    expect(bad.exitCode).toBe(1);
    expect(failed.map(({ subject }) => subject)).toEqual(['network', 'credentials', 'destination']);
    expect(failed.every(({ advice }) => advice)).toBe(true);
  });

  test('demo archives, verifies, shows the tree and is a no-op the second time', async () => {
    const folder = join(temporaryDirectory(), 'demo');
    const { exitCode, stdout, stderr } = await runCli(['demo', folder]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/archived +89[\s\S]*there and intact[\s\S]*└── gopro-videos\/[\s\S]*already there +89/);
    expect(readdirSync(folder)).toContain('gopro-videos');
  }, 60_000);

  test('simulate serves a cloud that sync can archive, until it is interrupted', async () => {
    const child = startCli(['simulate', 'gopro', '--preset', 'large', '--count', '3']);
    const usage = await new Promise<string>((resolve) => {
      let said = '';
      child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()).includes('Ctrl-C') && resolve(said));
    });
    const exported = Object.fromEntries(
      [...usage.matchAll(/export (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const archive = join(temporaryDirectory(), 'archive');
    const result = await runCli(['sync', '--json', '--to', archive], {
      environment: { ...exported, CLOUD_SYNC_HOME: temporaryDirectory() },
    });
    child.kill('SIGINT');
    expect(finished(result)).toMatchObject({ exitCode: 0, files: { archived: 3 } });
    expect(await child.result).toMatchObject({ exitCode: 0 });
  });

  test.each(['bash', 'zsh', 'fish'])('completion for %s', async (shell) => {
    expect(await runCli(['completion', shell])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cloud-sync') });
  });

  test('completes commands, options and values', async () => {
    expect((await runCli(['complete', '--', 'ver'])).stdout).toContain('verify');
    expect((await runCli(['complete', '--', 'sync', '--con'])).stdout).toContain('--concurrency');
    expect((await runCli(['complete', '--', 'sync', '--include', ''])).stdout).toContain('sidecars');
  });

  test('help and version', async () => {
    expect(await runCli(['--help'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('doctor'), stderr: '' });
    expect(await runCli(['sync', '--help'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/--concurrency[\s\S]*Advanced options:/),
    });
    expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await runCli([])).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('Usage:') });
  });
});
