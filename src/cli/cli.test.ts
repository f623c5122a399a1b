import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, startCli, temporaryDirectory } from '../../test/support/cli-process.ts';
import { finished, setScene } from '../../test/support/cli-scene.ts';

describe('doctor, demo, simulate, completion, help', () => {
  test('doctor shows every finding, and says for each problem what to do', async () => {
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

  test('demo archives a library, verifies it, shows the tree and syncs again without work', async () => {
    const folder = join(temporaryDirectory(), 'demo');
    const { exitCode, stdout, stderr } = await runCli(['demo', folder]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/archived +89[\s\S]*there and intact[\s\S]*└── gopro-videos\/[\s\S]*already there +89/);
    expect(stdout).toContain('\nTo do: ask again about 4 media not ready in the last run\n');
    expect(stdout).not.toContain('there is nothing left');
    expect(readdirSync(folder)).toContain('gopro-videos');
  }, 60_000);

  test('simulate serves a cloud that sync can archive, until simulate is interrupted', async () => {
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

  test.each(['bash', 'zsh', 'fish'])('the command `completion` prints the script for %s', async (shell) => {
    expect(await runCli(['completion', shell])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cloud-sync') });
  });

  test('the command `complete` suggests commands, options and values', async () => {
    expect((await runCli(['complete', '--', 'ver'])).stdout).toContain('verify');
    expect((await runCli(['complete', '--', 'sync', '--con'])).stdout).toContain('--concurrency');
    expect((await runCli(['complete', '--', 'sync', '--include', ''])).stdout).toContain('sidecars');
  });

  test('--help and --version end with exit code 0, and a call without a command ends with exit code 2', async () => {
    expect(await runCli(['--help'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('doctor'), stderr: '' });
    expect(await runCli(['sync', '--help'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/--concurrency[\s\S]*Advanced options:/),
    });
    expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await runCli([])).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('Usage:') });
  });
});
