import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, temporaryDirectory } from '../../../test/support/cli-process.ts';
import { finished, setScene } from '../../../test/support/cli-scene.ts';

describe('home and archive', () => {
  test('every command ends with exit code 6 if a known archive is missing, and nothing is written', async () => {
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

  test('sync ends with exit code 6 if the place holds another archive than before, and explains how to accept it', async () => {
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
    for (const part of [id, other, `cloud-sync archives remove "${archive}"`]) expect(result.stderr).toContain(part);
  });

  test('sync adopts an archive that the home does not know, and fetches no byte', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const result = await runCli(['sync', '--to', archive, '--json'], {
      environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() },
    });
    expect(finished(result)).toMatchObject({ exitCode: 0, files: { archived: 0, skipped: 5 }, bytes: { fetched: 0 } });
  });

  test.each(['', 'archives.json', 'config.toml', 'credentials.json'])(
    'a home with a link to a missing disk (at "%s") is not an empty home',
    async (name) => {
      const { environment, home, archive } = await setScene();
      const { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: _token, CLOUD_SYNC_GOPRO_USER_ID: _user, ...signedOut } = environment;
      if (name !== '') mkdirSync(home);
      symlinkSync('/missing/disk', join(home, name));
      const result = await runCli(['sync', '--to', archive], {
        environment: name === 'credentials.json' ? signedOut : environment,
      });
      expect(result).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('is a link to /missing/disk, which does not exist'),
      });
      expect(existsSync(archive)).toBe(false);
    },
  );

  test('a home behind a link works like any other home', async () => {
    const { environment, home, archive } = await setScene();
    mkdirSync(`${home}-elsewhere`);
    symlinkSync(`${home}-elsewhere`, home);
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({ exitCode: 0 });
  });

  test('sync refuses an archive whose id is a path that leads out of the home', async () => {
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

  test('sync archives every file in a second archive, although the first archive has these files', async () => {
    const { archive, environment } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const second = await runCli(['sync', '--to', `${archive}-2`, '--json'], { environment });
    expect(finished(second).files.archived).toBe(5);
  });
});
