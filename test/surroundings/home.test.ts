/** Other users of the machine can neither read the home nor put code or settings into it. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { compileCache } from '../support/cli.ts';
import { runCli, temporaryDirectory } from '../support/cli-process.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const program = fileURLToPath(new URL('../../bin/cloud-sync.js', import.meta.url));

/** Runs a command line in a shell, and returns its output on standard error. */
async function runShell(script: string, args: readonly string[], environment: Record<string, string>): Promise<string> {
  const { stderr } = await promisify(execFile)('/bin/sh', ['-c', script, process.execPath, program, ...args], {
    env: environment,
  });
  return stderr;
}

/** Returns every path below a folder, with its mode. */
function modesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const mode = (lstatSync(path).mode & 0o777).toString(8);
    return [`${mode} ${entry.isDirectory() ? 'folder' : 'file'}`, ...(entry.isDirectory() ? modesBelow(path) : [])];
  });
}

function expectPrivate(home: string): void {
  expect(lstatSync(home).mode & 0o777).toBe(0o700);
  expect(new Set(modesBelow(home))).toEqual(new Set(['700 folder', '600 file']));
}

const small = () => createLibrary([createMediaMaker('home').photo()]);
const sync = ({ place }: Scene) => ['sync', '--to', place.to];

/** Runs a command with this home, and returns the names of the folders of compiled code there. */
async function cachedIn(home: string): Promise<readonly string[]> {
  const TMPDIR = temporaryDirectory();
  const environment = { CLOUD_SYNC_HOME: join(TMPDIR, 'none'), TMPDIR, NODE_COMPILE_CACHE: '' };
  expect(await runCli(['sync', `--home=${home}`, '--help'], { environment })).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readdirSync(TMPDIR)).toEqual([]);
  const cache = join(home, 'cache');
  return existsSync(cache) ? readdirSync(cache) : [];
}

describe('the cache of compiled code', () => {
  test('is in the home and nowhere else', async () => {
    const home = temporaryDirectory();
    expect(await cachedIn(home)).toHaveLength(1);
    expectPrivate(home);
  });

  test.each([
    ['does not exist', () => join(temporaryDirectory(), 'new')],
    [
      'other users can change',
      () => {
        const home = temporaryDirectory();
        chmodSync(home, 0o777);
        return home;
      },
    ],
  ])('is nowhere if the home %s', async (_, makeHome) => {
    expect(await cachedIn(makeHome())).toEqual([]);
  });

  test.each([
    [
      'that other users can change',
      (cache: string) => {
        mkdirSync(cache);
        chmodSync(cache, 0o777);
        writeFileSync(join(cache, 'planted'), '');
      },
    ],
    [
      'that is a symbolic link',
      (cache: string) => {
        const target = temporaryDirectory();
        writeFileSync(join(target, 'planted'), '');
        symlinkSync(target, cache);
      },
    ],
  ])('replaces a folder %s', async (_, plant) => {
    const home = temporaryDirectory();
    plant(join(home, 'cache'));
    const names = await cachedIn(home);
    expect(names).toHaveLength(1);
    expect(names).not.toContain('planted');
    expect(lstatSync(join(home, 'cache'))).toMatchObject({ uid: process.getuid?.() });
  });
});

describe('the files of the home', () => {
  test('are private with any umask, and become private if they were not', async () => {
    await using scene = await openScene({ library: small() });
    const environment = { ...scene.environment(), PATH: '/usr/bin:/bin', NODE_COMPILE_CACHE: compileCache };
    await runShell('umask 000; exec "$0" "$@"', sync(scene), environment);
    expectPrivate(scene.home);
    const credentials = join(scene.home, 'credentials.json');
    writeFileSync(credentials, '{}');
    writeFileSync(join(scene.home, 'config.toml'), '');
    await promisify(execFile)('chmod', ['-R', 'a+rwX', scene.home]);
    const stderr = await runShell('exec "$0" "$@"', sync(scene), environment);
    expectPrivate(scene.home);
    expect(stderr).toContain(`other users of this machine could read ${credentials}`);
    expect(stderr).toContain(`every user of this machine could change ${scene.home};`);
    expect(stderr).toContain(`every user of this machine could change ${join(scene.home, 'config.toml')}`);
  });

  test('leave the home open to readers if the archive is in it', async () => {
    await using scene = await openScene({ library: small() });
    mkdirSync(scene.home, { mode: 0o755 });
    chmodSync(scene.home, 0o755);
    expectExit(await scene.run('sync', '--to', join(scene.home, 'archive')), 0);
    expect(lstatSync(scene.home).mode & 0o777).toBe(0o755);
    expectPrivate(join(scene.home, 'archives'));
  });

  test('are not used if every user can create files in the home', async () => {
    await using scene = await openScene({ library: small() });
    mkdirSync(scene.home);
    chmodSync(scene.home, 0o1777);
    writeFileSync(join(scene.home, 'config.toml'), 'no-such-key = 1\n');
    const run = await scene.run(...sync(scene));
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('CLOUD_SYNC_HOME') });
    expect(run.stderr).not.toContain('no-such-key');
    expect(scene.cloud.requests).toEqual([]);
  });

  test.each(['archives.json.lock', 'archives'])('are not reached through a symbolic link at %s', async (name) => {
    await using scene = await openScene({ library: small() });
    const target = join(temporaryDirectory(), 'target');
    mkdirSync(scene.home);
    symlinkSync(target, join(scene.home, name));
    if (name === 'archives') mkdirSync(target);
    const run = await scene.run(...sync(scene));
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is a symbolic link') });
    expect(existsSync(target) ? readdirSync(target) : []).toEqual([]);
  });
});
