/** Credentials in several stores: a keychain that only the desktop reaches, and files for cron. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCli, temporaryDirectory, type CliResult } from '../support/cli-process.ts';
import { setScene } from '../support/cli-scene.ts';
import { openKeychain } from '../../src/config/credentials/keychain.ts';

const shim = new URL('../support/fake-keychain.ts', import.meta.url).href;
const refusedToken = 'x'.repeat(60);

function stored(token: string, savedAt: string): string {
  return `${JSON.stringify({ gopro: { access_token: token, last_updated: savedAt } }, null, 2)}\n`;
}

/** A home on a machine whose keychain can be taken away, as it is for cron. */
async function openMachine() {
  const { cloud, home, archive } = await setScene();
  const keychain = join(temporaryDirectory(), 'keychain.json');
  const environment = {
    CLOUD_SYNC_HOME: home,
    CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
    CLOUD_SYNC_GOPRO_API_RPS: '100',
    CLOUD_SYNC_CREDENTIAL_STORE: 'auto',
    NODE_OPTIONS: `--import=${shim}`,
    FAKE_KEYCHAIN: keychain,
  };
  mkdirSync(home, { mode: 0o700 });
  const fill = (token?: string, savedAt = '2026-05-01T00:00:00.000Z') =>
    writeFileSync(keychain, JSON.stringify(token === undefined ? {} : { [`gopro ${home}`]: stored(token, savedAt) }));
  fill();
  const run = async (command: string, ...more: readonly string[]): Promise<CliResult> => runWith({}, command, ...more);
  const runWith = async (
    changes: Readonly<Record<string, string>>,
    command: string,
    ...more: readonly string[]
  ): Promise<CliResult> => {
    const input = command === 'login' ? `gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}` : '';
    const words = { sync: ['--to', archive], status: ['--to', archive], doctor: [] }[command] ?? ['gopro'];
    return runCli([command, ...words, ...more], { environment: { ...environment, ...changes }, input });
  };
  return {
    cloud,
    home,
    file: join(home, 'credentials.json'),
    fillFile: (token = cloud.accessToken, savedAt = '2026-05-02T00:00:00.000Z') =>
      writeFileSync(join(home, 'credentials.json'), stored(token, savedAt), { mode: 0o600 }),
    fillKeychain: fill,
    loseKeychain: () => rmSync(keychain),
    restoreKeychain: (text: string) => writeFileSync(keychain, text),
    keychainText: () => readFileSync(keychain, 'utf8'),
    run,
    runWith,
  };
}

describe('credentials in several stores', () => {
  test('an expired entry in the keychain does not beat newer credentials in the file', async () => {
    const machine = await openMachine();
    machine.fillKeychain(refusedToken);
    machine.fillFile();
    expect(await machine.run('sync')).toMatchObject({ exitCode: 0 });
  });

  test('a time of storage in the future counts as the oldest', async () => {
    const machine = await openMachine();
    machine.fillFile(refusedToken, '2099-01-01T00:00:00.000Z');
    machine.fillKeychain(machine.cloud.accessToken);
    expect(await machine.run('sync')).toMatchObject({ exitCode: 0 });
  });

  test('a run that cannot reach the keychain says that the credentials are there, why, and what to do', async () => {
    const machine = await openMachine();
    expect(await machine.run('login')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("the system's keychain") });
    expect(machine.keychainText()).toContain(machine.cloud.accessToken);
    machine.loseKeychain();
    const run = await machine.run('sync');
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toMatch(/keychain cannot be reached: the bus of the desktop is not there\. It has credentials of \d{4}-/);
    expect(run.stderr).toContain('--credential-store file');
  });

  test('`status` names a store with newer credentials that it cannot read', async () => {
    const machine = await openMachine();
    machine.fillFile();
    await machine.run('login', '--credential-store', 'keychain');
    expect(await machine.run('sync')).toMatchObject({ exitCode: 0 });
    machine.loseKeychain();
    const problem = "the system's keychain cannot be reached: ";
    expect((await machine.run('status')).stdout).toMatch(
      new RegExp(`^Credentials .*json.*; there may be newer ones: ${problem}`, 'm'),
    );
    const { credentials } = JSON.parse((await machine.run('status', '--json')).stdout) as { credentials: object };
    expect(credentials).toMatchObject({ origin: machine.file, unread: [expect.stringContaining(problem)] });
    expect((await machine.run('doctor')).stdout).toContain(`the keychain is not used: ${problem}`);
  });

  test('a keychain without an answer holds no command if the credentials are in the file', async () => {
    const machine = await openMachine();
    const mute = { FAKE_KEYCHAIN: 'mute' };
    machine.fillFile();
    expect(await machine.run('sync')).toMatchObject({ exitCode: 0 });
    expect((await machine.runWith(mute, 'status')).stdout).toMatch(/credentials\.json.*keychain .* gave no answer within 2 s/);
    await machine.run('login');
    expect(await machine.runWith(mute, 'sync')).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('keychain') });
    expect((await machine.runWith(mute, 'status')).stdout).not.toContain('keychain');
  });

  test('`doctor` does not mention a keychain that was never used', async () => {
    const machine = await openMachine();
    machine.loseKeychain();
    machine.fillFile();
    expect((await machine.run('doctor')).stdout).not.toContain('keychain');
  });

  test.each(['keychain', 'age'])('a login with %s removes what killed logins left in the home', async (store) => {
    const machine = await openMachine();
    machine.fillFile();
    const leftovers = ['credentials.json.0123abcd.new', 'credentials.age.0123abcd.new'].map((name) => join(machine.home, name));
    for (const path of leftovers) writeFileSync(path, 'secret');
    const login = await machine.runWith({ CLOUD_SYNC_PASSPHRASE: 'words' }, 'login', '--credential-store', store);
    expect(login).toMatchObject({ exitCode: 0 });
    expect(leftovers.filter((path) => existsSync(path))).toEqual([]);
    expect(existsSync(machine.file)).toBe(store === 'keychain');
    expect(login.stdout.includes(`unencrypted file ${machine.file} is removed`)).toBe(store === 'age');
    writeFileSync(leftovers[0]!, 'secret');
    await machine.run('logout', '--credential-store', 'keychain');
    expect(existsSync(leftovers[0]!)).toBe(false);
  });

  test('a login at the desktop renews the file that cron reads', async () => {
    const machine = await openMachine();
    machine.fillFile(refusedToken);
    expect(await machine.run('login')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(machine.file) });
    expect(readFileSync(machine.file, 'utf8')).toContain(machine.cloud.accessToken);
    machine.loseKeychain();
    expect(await machine.run('sync')).toMatchObject({ exitCode: 0 });
  });

  test('a login in another store deletes nothing, and `logout` names what it removes', async () => {
    const machine = await openMachine();
    machine.fillFile();
    const login = await machine.run('login', '--credential-store', 'keychain');
    expect(login.stdout).toContain(`still in ${machine.file}. \`cloud-sync logout gopro --credential-store file\` removes them`);
    expect((await machine.run('doctor')).stdout).toContain(`also credentials in ${machine.file}`);
    const keychain = machine.keychainText();
    machine.loseKeychain();

    const sync = await machine.run('sync');
    expect(sync.exitCode).toBe(0);
    expect(sync.stderr).toMatch(/warning: .*keychain cannot be reached: .*credentials\.json are used, and they may be older/);
    expect(await machine.run('logout')).toMatchObject({
      exitCode: 3,
      stdout: `The credentials in ${machine.file} are removed.\n`,
      stderr: expect.stringContaining('keychain cannot be reached'),
    });
    expect(existsSync(machine.file)).toBe(false);

    machine.restoreKeychain(keychain);
    expect(await machine.run('logout')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('keychain are removed') });
    expect(machine.keychainText()).toBe('{}');
  });

  test('a file that cannot be read is no missing file, and the next store is used', async () => {
    const machine = await openMachine();
    mkdirSync(machine.file);
    machine.fillKeychain(machine.cloud.accessToken);
    const run = await machine.run('sync');
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain(`cannot read ${machine.file}: it is a directory and not a file (EISDIR)`);
    machine.fillKeychain();
    expect(await machine.run('sync')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('EISDIR') });
  });
});

describe.runIf(process.platform === 'linux')("the system's keychain", () => {
  test('its reason is named if there are no credentials and no desktop', async () => {
    const { environment } = await setScene();
    const { CLOUD_SYNC_HOME, CLOUD_SYNC_GOPRO_API_URL } = environment;
    const run = await runCli(['doctor'], {
      environment: {
        CLOUD_SYNC_HOME: CLOUD_SYNC_HOME!,
        CLOUD_SYNC_GOPRO_API_URL: CLOUD_SYNC_GOPRO_API_URL!,
        CLOUD_SYNC_CREDENTIAL_STORE: 'auto',
      },
    });
    expect(run.stdout).toMatch(/no credentials for GoPro in .*; the system's keychain cannot be reached: DBus error/);
  });

  test('a keychain without an answer is given up', async () => {
    const bus = join(temporaryDirectory(), 'bus');
    const mute = createServer((connection) => void connection.resume()).listen(bus);
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${bus}`);
    onTestFinished(() => {
      mute.close();
      vi.unstubAllEnvs();
    });
    await expect(openKeychain('home', 1_000).load()).rejects.toMatchObject({
      code: 'CREDENTIALS_MISSING',
      message: expect.stringContaining('gave no answer within 1 s'),
    });
  });
});
