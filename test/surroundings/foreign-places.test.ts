/** Homes and archives on file systems that refuse something. Each answer names the true reason. */
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, type CliResult } from '../support/cli-process.ts';
import { events, setScene } from '../support/cli-scene.ts';
import { canPreload, foreignFiles, type ForeignFiles } from '../support/foreign-files/index.ts';

const nfs = 0x6969;

/** Runs a command. `foreign` makes the files below a folder those of another file system. */
async function openPlace() {
  const { archive, environment, home } = await setScene({ preset: 'large', presetOptions: { count: 2 } });
  const run = async (command: string, folder?: string, foreign: ForeignFiles = {}, output = '--json'): Promise<CliResult> =>
    runCli([command, '--to', archive, output], {
      environment: { ...environment, ...(folder !== undefined && foreignFiles(folder, foreign)) },
    });
  return { archive, home, run, trackerPath: () => trackerBelow(home) };
}

function trackerBelow(home: string): string {
  const [id = ''] = readdirSync(join(home, 'archives'));
  return join(home, 'archives', id, 'tracker.sqlite');
}

/** Byte 18 of an SQLite file is 2 if it has a write-ahead log. */
function hasWriteAheadLog(path: string): boolean {
  return readFileSync(path)[18] === 2;
}

describe.runIf(canPreload)('an archive on a file system that refuses', () => {
  test('a read-only disk is named as such, and not as a missing disk', async () => {
    const { archive, run } = await openPlace();
    mkdirSync(archive);
    const result = await run('sync', archive, { refusals: { mkdir: 'EROFS', change: 'EROFS' } });
    expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('(EROFS)') });
    expect(result.stderr).toContain('The file system is read-only');
  });

  test.each([
    { code: 'ESTALE', hint: 'mount it again' },
    { code: 'EIO', hint: 'The disk reports a fault' },
    { code: 'EACCES', hint: 'Check who owns it, and whether you may read it' },
  ] as const)('a known archive that answers $code is not a missing archive', async ({ code, hint }) => {
    const { archive, run } = await openPlace();
    await run('sync');
    const result = await run('sync', archive, { refusals: { read: code } });
    expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringMatching(`: [a-z ]+.* \\(${code}\\)`) });
    expect(result.stderr).toContain(hint);
    expect(result.stderr).not.toMatch(/mounted\?|report this/);
  });

  test('a lease that the disk cannot read ends the run before its first request for media', async () => {
    const { archive, run } = await openPlace();
    await run('sync');
    const result = await run('sync', join(archive, '.cloud-sync/lease'), { refusals: { read: 'EIO' } });
    expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('lease: its disk reports a fault (EIO)') });
  });

  test('a used-up quota is a full disk', async () => {
    const { archive, run } = await openPlace();
    const result = await run('sync', archive, { refusals: { write: 'EDQUOT' } });
    expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('(EDQUOT)') });
    expect(result.stderr).toContain('Free some space');
  });

  test('a file that may not be read is unreadable and not missing, and the other files are checked', async () => {
    const { run } = await openPlace();
    const [file] = events(await run('sync')).flatMap((event) => (event.type === 'file.archived' ? [event] : []));
    const result = await run('verify', file!.path, { refusals: { read: 'EACCES' } });
    expect(result.exitCode).toBe(1);
    expect(events(result).at(-1)).toMatchObject({ verified: { files: 2, missing: 0, damaged: 0, unreadable: 1 } });
    expect(await run('verify')).toMatchObject({ exitCode: 0 });
  });

  test.each(['EACCES', 'ESTALE'] as const)(
    'the files of a folder that answers %s are unreadable, and the run goes on',
    async (code) => {
      const { run } = await openPlace();
      const [file] = events(await run('sync')).flatMap((event) => (event.type === 'file.archived' ? [event] : []));
      const refusal = { refusals: { resolve: code } };
      const result = await run('verify', dirname(file!.path), refusal);
      expect(result.exitCode).toBe(1);
      expect(events(result).at(-1)).toMatchObject({ verified: { files: 2, missing: 0, unreadable: 2 } });
      const quiet = await run('verify', dirname(file!.path), refusal, '--quiet');
      expect(quiet.stderr).toContain(`failed: ${file!.path}: cannot read ${dirname(file!.path)}: `);
      expect(quiet.stderr).toContain(code === 'EACCES' ? 'whether you may read them' : 'mount it again');
    },
  );

  test.each(['EOPNOTSUPP', 'EACCES'] as const)(
    'a file system that answers the question for free space with %s is used',
    async (code) => {
      const { archive, run } = await openPlace();
      expect(await run('sync', archive, { refusals: { statfs: code } })).toMatchObject({ exitCode: 0 });
    },
  );

  test('a disk that no longer answers the question for free space is named', async () => {
    const { archive, run } = await openPlace();
    const result = await run('sync', archive, { refusals: { statfs: 'ENOTCONN' } });
    expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('does not answer (ENOTCONN)') });
  });
});

describe.runIf(canPreload)('a home on a file system that refuses', () => {
  test('a read-only disk is named as such', async () => {
    const { home, run } = await openPlace();
    const readOnly = { refusals: { mkdir: 'EROFS', change: 'EROFS' } } as const;
    const result = await run('sync', dirname(home), readOnly);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('its file system is read-only (EROFS)') });
  });

  test('an existing tracker on a disk that became read-only is named with that reason', async () => {
    const { home, run } = await openPlace();
    await run('sync');
    const result = await run('status', home, { refusals: { mkdir: 'EROFS', change: 'EROFS' } });
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('its file system is read-only (EROFS)') });
  });

  test('a home that cannot share memory keeps a new and an old tracker without a write-ahead log', async () => {
    const { home, run, trackerPath } = await openPlace();
    const foreign = { refusals: { share: 'ENODEV' } } as const;
    expect(await run('sync', home, foreign)).toMatchObject({ exitCode: 0 });
    expect(hasWriteAheadLog(trackerPath())).toBe(false);
    expect(await run('sync')).toMatchObject({ exitCode: 0 });
    expect(hasWriteAheadLog(trackerPath())).toBe(true);
    expect(await run('status', home, foreign)).toMatchObject({ exitCode: 0 });
    expect(hasWriteAheadLog(trackerPath())).toBe(false);
  });

  test('a network folder gets no write-ahead log, and `doctor` says so', async () => {
    const { home, run, trackerPath } = await openPlace();
    expect(await run('sync', home, { type: nfs })).toMatchObject({ exitCode: 0 });
    expect(hasWriteAheadLog(trackerPath())).toBe(false);
    const doctor = await run('doctor', home, { type: nfs });
    expect(doctor.stdout).toMatch(/"subject":"home","level":"warn".*network folder.*CLOUD_SYNC_HOME/);
  });

  test('a home without locks ends the run with the setting to change, and `doctor` says so', async () => {
    const { home, run } = await openPlace();
    await run('sync');
    const noLocks = { refusals: { lock: 'ENOLCK' } } as const;
    const startedMs = performance.now();
    const result = await run('sync', home, noLocks);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/cannot lock files\n.*CLOUD_SYNC_HOME/) });
    expect(performance.now() - startedMs).toBeLessThan(9_000);
    expect((await run('doctor', home, noLocks)).stdout).toMatch(/"subject":"home","level":"fail".*cannot lock files/);
  });
});
