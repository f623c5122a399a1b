/** Other users of the machine can neither read the home nor put code or settings into it. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

/** Makes a folder with a mode that the umask does not change. */
function makeOpen(folder: string, mode: number): void {
  mkdirSync(folder);
  chmodSync(folder, mode);
}

/** Runs the program as another user, and returns its output on standard error. */
async function runAs(user: number, args: readonly string[], environment: Record<string, string>): Promise<string> {
  const options = { uid: user, gid: user, env: { ...environment, NODE_COMPILE_CACHE: compileCache } };
  return promisify(execFile)(process.execPath, [program, ...args], options).then(
    ({ stderr }) => stderr,
    ({ stderr }: { stderr: string }) => stderr,
  );
}

const small = () => createLibrary([createMediaMaker('home').photo()]);
const sync = ({ place }: Scene) => ['sync', '--to', place.to];

/**
 * Makes a folder with a file, as a person does whose umask is 002. Returns the path of the folder.
 */
function plantFolder(path: string): string {
  mkdirSync(path);
  writeFileSync(join(path, 'planted'), '');
  chmodSync(path, 0o775);
  return path;
}

/** Returns every entry below a folder with its identity, mode and size. */
function stateOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const { ino, mode, size } = lstatSync(join(folder, name));
      return `${name} ${ino} ${mode.toString(8)} ${size}`;
    });
}

/** Runs a command with this home, and returns the names of the folders of compiled code there. */
async function cachedIn(home: string): Promise<readonly string[]> {
  const TMPDIR = temporaryDirectory();
  const environment = { CLOUD_SYNC_HOME: join(TMPDIR, 'none'), TMPDIR, NODE_COMPILE_CACHE: '' };
  expect(await runCli(['sync', `--home=${home}`, '--help'], { environment })).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readdirSync(TMPDIR)).toEqual([]);
  const cache = join(home, '.compiled-code');
  return lstatSync(cache, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(cache) : [];
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
    ['that other users can change', plantFolder],
    ['that is a symbolic link', (path: string) => symlinkSync(plantFolder(`${path}-target`), path)],
    ['that is a file', (path: string) => writeFileSync(path, 'planted')],
  ])('does not change or use an entry of its name %s', async (_, plant) => {
    const home = temporaryDirectory();
    plant(join(home, '.compiled-code'));
    const before = stateOf(home);
    await cachedIn(home);
    expect(stateOf(home)).toEqual(before);
  });

  test('deletes no folder of a person, and no archive is made in it', async () => {
    const home = temporaryDirectory();
    plantFolder(join(home, 'cache'));
    expect(await cachedIn(home)).toHaveLength(1);
    expect(readdirSync(join(home, 'cache'))).toEqual(['planted']);
    const environment = { CLOUD_SYNC_HOME: home };
    const run = await runCli(['sync', '--to', join(home, '.compiled-code', 'archive')], { environment });
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('compiled code') });
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

  test.each([
    ['below it', (home: string) => join(home, 'archive')],
    ['the home itself', (home: string) => home],
    [
      'below a link to it',
      (home: string) => {
        const link = join(temporaryDirectory(), 'link');
        symlinkSync(home, link);
        return join(link, 'archive');
      },
    ],
  ])('leave the home open to readers if the archive is %s', async (_, makeTo) => {
    await using scene = await openScene({ library: small() });
    makeOpen(scene.home, 0o755);
    writeFileSync(join(scene.home, 'config.toml'), '');
    expectExit(await scene.run('sync', '--to', makeTo(scene.home)), 0);
    await scene.run('logout', 'gopro');
    expect(lstatSync(scene.home).mode & 0o7777).toBe(0o755);
    expectPrivate(join(scene.home, 'archives'));
  });

  test.each([
    ['has files of other programs', 0o755, 'film.mp4'],
    ['is for a group', 0o2770, 'config.toml'],
  ])('do not change the mode of a home that %s', async (_, mode, name) => {
    const home = join(temporaryDirectory(), 'home');
    makeOpen(home, mode);
    writeFileSync(join(home, name), '');
    writeFileSync(join(home, 'archives.json'), '{}', { mode: 0o644 });
    await runCli(['logout', 'gopro'], { environment: { CLOUD_SYNC_HOME: home } });
    expect(lstatSync(home).mode & 0o7777).toBe(mode);
    expect(lstatSync(join(home, 'archives.json')).mode & 0o777).toBe(0o600);
  });

  test('are closed to other users if this user has opened them', async () => {
    const home = join(temporaryDirectory(), 'home');
    makeOpen(home, 0o1777);
    writeFileSync(join(home, 'config.toml'), '');
    const { stderr } = await runCli(['logout', 'gopro'], { environment: { CLOUD_SYNC_HOME: home } });
    expect(stderr).toContain(`every user of this machine could change ${home}; Cloud Sync has corrected this`);
    expect(lstatSync(home).mode & 0o077).toBe(0);
  });

  describe.skipIf(process.getuid?.() !== 0)('in a folder of another user that every user can change', () => {
    test.each([
      ['are used, and the warning says who can close it', 0o777, 0, 0, 'this process may not change its permissions'],
      ['are not used if a third user owns one', 0o777, 0, 1, 'another user owns config.toml in it'],
      ['are not used if the folder is like /tmp', 0o1777, 1, 0, 'it is a folder such as /tmp'],
    ])('%s', async (_, mode, owner, fileOwner, message) => {
      const home = join(temporaryDirectory(), 'home');
      chmodSync(join(home, '..'), 0o755);
      makeOpen(home, mode);
      chownSync(home, owner, owner);
      writeFileSync(join(home, 'config.toml'), '');
      chownSync(join(home, 'config.toml'), fileOwner, fileOwner);
      const run = await runAs(65_534, ['logout', 'gopro'], { CLOUD_SYNC_HOME: home, CLOUD_SYNC_CREDENTIAL_STORE: 'file' });
      expect(run).toContain(message);
      expect(lstatSync(home).mode & 0o7777).toBe(mode);
    });
  });

  test.each(['archives.json.lock', 'archives'])('are not reached through a symbolic link at %s', async (name) => {
    await using scene = await openScene({ library: small() });
    const target = join(temporaryDirectory(), 'target');
    mkdirSync(scene.home);
    symlinkSync(target, join(scene.home, name));
    if (name === 'archives') mkdirSync(target);
    const run = await scene.run(...sync(scene));
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is a symbolic link') });
    if (name === 'archives') expect(run.stderr).toContain('Put the folder in the place of the link');
    expect(existsSync(target) ? readdirSync(target) : []).toEqual([]);
  });

  test('are not replaced and not removed if they are symbolic links', async () => {
    await using scene = await openScene({ library: small() });
    mkdirSync(scene.home);
    const target = join(temporaryDirectory(), 'target');
    writeFileSync(target, '{}');
    const credentials = join(scene.home, 'credentials.json');
    const archives = join(scene.home, 'archives.json');
    for (const path of [credentials, archives]) symlinkSync(target, path);
    const input = `gp_access_token=${scene.cloud.accessToken}; gp_user_id=${scene.cloud.userId}`;
    const login = await runCli(['login', 'gopro'], { environment: scene.environment(), input });
    for (const run of [login, await scene.run('logout', 'gopro'), await scene.run(...sync(scene))]) {
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Put the file in its place') });
    }
    for (const path of [credentials, archives]) expect(readlinkSync(path)).toBe(target);
    expect(readFileSync(target, 'utf8')).toBe('{}');
  });
});
