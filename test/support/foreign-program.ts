/**
 * Servers that this project did not write. They are installed into the repository's cache and run
 * on loopback for one test file.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const repository = join(import.meta.dirname, '../..');

/** The folder with the installed programs. */
export const cache = join(repository, '.cache');

/** PATH that begins with the directory of this Node, so that the programs find this Node first. */
export const path = [dirname(process.execPath), process.env['PATH']].join(':');

export interface ForeignProgram {
  readonly name: string;
  /** The installing script and its arguments. The script skips an installed program. */
  readonly install: readonly string[];
  readonly file: string;
  readonly arguments: (port: number, folder: string) => readonly string[];
  readonly environment: (port: number) => Readonly<Record<string, string>>;
  /** Directories that must exist in the program's working directory. */
  readonly folders?: readonly string[];
}

export interface RunningProgram extends AsyncDisposable {
  readonly endpoint: string;
  /** Everything that the program has printed so far. */
  log(): Promise<string>;
}

// Without this handler SIGTERM would end a test worker but leave its programs running.
process.once('SIGTERM', () => process.exit(143));

/**
 * Installs the program if it is missing and starts it on a free port. A new folder is its home and
 * working directory. Dispose to end the program with its children and to remove its folder.
 */
export async function startProgram(program: ForeignProgram): Promise<RunningProgram> {
  await install(program);
  const folder = await mkdtemp(join(tmpdir(), `cloud-sync-${program.name}-`));
  for (const name of program.folders ?? []) await mkdir(join(folder, name));
  const port = await freePort();
  const logPath = join(folder, 'output.log');
  const output = openSync(logPath, 'a');
  const child = spawn(program.file, program.arguments(port, folder), {
    cwd: folder,
    env: { PATH: path, HOME: folder, TMPDIR: folder, ...program.environment(port) },
    stdio: ['ignore', output, output],
    // The program gets a process group, so that its children end with it.
    detached: true,
  });
  closeSync(output);
  const endWithUs = () => endGroup(child);
  process.on('exit', endWithUs);

  async function end(): Promise<void> {
    process.off('exit', endWithUs);
    const ended = isRunning(child) ? once(child, 'exit') : undefined;
    endGroup(child);
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  const endpoint = `http://127.0.0.1:${port}`;
  const log = async () => readFile(logPath, 'utf8');
  try {
    if (!(await answers(child, endpoint))) {
      throw new Error(`${program.name} did not answer at ${endpoint}. It said: ${(await log()).slice(-4_000) || 'nothing'}`);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { endpoint, log, [Symbol.asyncDispose]: end };
}

/**
 * Installs a program. `startProgram` calls this function too. Tests that start one program several
 * times at once must call it first.
 */
export async function install({ install: [script = '', ...args] }: ForeignProgram): Promise<void> {
  await promisify(execFile)('bash', [join(repository, script), ...args]).catch((error: Error & { readonly stderr?: string }) => {
    throw new Error(error.stderr || error.message, { cause: error });
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The error does no harm: the whole process group has ended already.
  }
}

/**
 * Returns a free port. The tests assume that no other process takes the port before the program.
 */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits for a reply of any kind. Returns false if the program ends or does not reply in time. */
async function answers(child: ChildProcess, endpoint: string): Promise<boolean> {
  let failed = false;
  child.once('error', () => (failed = true));
  for (let tries = 0; tries < 300; tries += 1) {
    if (failed || child.exitCode !== null || child.signalCode !== null) return false;
    const reply = await fetch(endpoint).catch(() => undefined);
    if (reply) return true;
    await sleep(100);
  }
  return false;
}
