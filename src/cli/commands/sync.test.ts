import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../../test/support/cli-process.ts';
import { events, finished, setScene } from '../../../test/support/cli-scene.ts';

describe('sync, verify, status, list and retry', () => {
  test('sync refuses a copy of an archive that the home knows at another place', async () => {
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

  test('`list --status resolved` shows no medium whose originals are known', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    expect(await runCli(['list', '--to', archive, '--status', 'resolved'], { environment })).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
  });

  test.runIf(existsSync('/dev/full'))('list fails if its output cannot be written', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const command = ['-c', '"$0" bin/cloud-sync.js list --to "$1" > /dev/full', process.execPath, archive];
    const { status, stderr } = spawnSync('sh', command, { env: environment, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: cannot write to standard output: [^\n]+\n$/);
  });

  test('sync archives a library, verify finds no damage, and a second sync fetches nothing', async () => {
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

  test('`sync --json` prints only events, each with its time, and `run.finished` is the last event', async () => {
    const { archive, environment, cloud } = await setScene();
    const result = await runCli(['sync', '--to', archive], { environment: { ...environment, CLOUD_SYNC_JSON: 'true' } });
    const all = events(result);
    expect(all.every(({ time }) => new Date(time).toISOString() === time)).toBe(true);
    expect(all.filter(({ type }) => type === 'file.archived')).toHaveLength(5);
    expect(finished(result)).toMatchObject({ outcome: 'clean', exitCode: 0, files: { archived: 5, failed: 0 } });
    expect(result.stdout).not.toContain(cloud.accessToken);
    expect(result.stdout).not.toContain(cloud.userId);
  });

  test('`sync --json` ends with the event `run.finished` even if the run could not begin', async () => {
    const { archive, home } = await setScene();
    const result = await runCli(['sync', '--to', archive, '--json'], { environment: { CLOUD_SYNC_HOME: home } });
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('login gopro') });
    expect(finished(result)).toMatchObject({ outcome: 'expired', exitCode: 3, error: { code: 'CREDENTIALS_MISSING' } });
  });

  test('sync --quiet and list name each failed file with its reason, and retry resets those files', async () => {
    const { archive, environment, cloud } = await setScene();
    cloud.faults.set([{ match: { endpoint: 'file', method: 'GET' }, action: { type: 'status', status: 404 } }]);
    const quiet = await runCli(['sync', '--to', archive, '--quiet', '--quarantine-after', '1'], { environment });
    expect(quiet).toMatchObject({ exitCode: 1, stdout: '' });
    expect(quiet.stderr.match(/^failed: .*404/gm)).toHaveLength(5);
    expect(quiet.stderr).toMatch(/\n5 quarantined\. Some files are not archived yet .* Run the same command again; .*\n$/);
    const list = await runCli(['list', '--to', archive, '--status', 'quarantined,failed'], { environment });
    expect(list.stdout.match(/^quarantined .*404.*\[1 failed run\]$/gm)).toHaveLength(5);
    expect(await runCli(['retry', 'nobody', '--to', archive], { environment })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('nobody'),
    });
    cloud.faults.set([]);
    expect(await runCli(['retry', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Reset \d+ entries: the next `cloud-sync sync` tries them again\.$/m),
    });
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('archived       5'),
    });
  });

  test('a dry run writes nothing to the destination or to the home', async () => {
    const { archive, environment, home } = await setScene();
    const result = await runCli(['sync', '--to', archive, '--dry-run'], { environment });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.match(/^would archive /gm)).toHaveLength(5);
    expect(existsSync(archive)).toBe(false);
    expect(existsSync(home)).toBe(false);
  });

  test('a flag and its form `--no-…` overrule the environment and config.toml', async () => {
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

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a run within two seconds with exit code %i', async (signal, exitCode) => {
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
