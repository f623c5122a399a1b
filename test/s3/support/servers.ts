/** S3 servers that this project did not write, installed by tools/install-s3-servers.sh and run on loopback for one test file. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const repository = join(import.meta.dirname, '../../..');
const cache = join(repository, '.cache/s3-servers');

export interface ForeignServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const serverNames = ['versitygw', 'ministack'] as const;

export type ServerName = (typeof serverNames)[number];

interface Program {
  readonly file: string;
  readonly arguments: (port: number, folder: string) => readonly string[];
  readonly environment: (port: number, folder: string) => Readonly<Record<string, string>>;
}

const accessKeyId = 'cloud-sync-tests';
const secretAccessKey = 'not-a-secret-only-for-loopback';

const programs: Readonly<Record<ServerName, Program>> = {
  versitygw: {
    file: join(cache, 'versitygw-1.8.0/versitygw'),
    // Metadata beside the files, because not every temporary folder can hold extended attributes.
    arguments: (port, folder) => [
      '--port',
      `127.0.0.1:${port}`,
      '--quiet',
      '--keep-alive',
      'posix',
      '--sidecar',
      join(folder, 'sidecar'),
      join(folder, 'data'),
    ],
    environment: () => ({ ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }),
  },
  ministack: {
    file: join(cache, 'ministack-1.5.33/bin/python'),
    arguments: () => ['-m', 'ministack'],
    environment: (port, folder) => ({
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      SERVICES: 's3',
      LOG_LEVEL: 'WARNING',
      HOME: folder,
      TMPDIR: folder,
    }),
  },
};

/** Installs the server if need be and starts it on a free port with nothing in it. Dispose to end it and to remove all it kept. */
export async function startServer(name: ServerName): Promise<ForeignServer> {
  await install(name);
  const folder = await mkdtemp(join(tmpdir(), `cloud-sync-${name}-`));
  await Promise.all(['data', 'sidecar'].map((child) => mkdir(join(folder, child))));
  const port = await freePort();
  const program = programs[name];
  const child = spawn(program.file, program.arguments(port, folder), {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...program.environment(port, folder) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const endWithUs = () => void child.kill('SIGKILL');
  process.on('exit', endWithUs);

  async function end(): Promise<void> {
    process.off('exit', endWithUs);
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answered(child, endpoint);
  } catch (error) {
    await end();
    throw error;
  }
  return { endpoint, region: 'us-east-1', accessKeyId, secretAccessKey, [Symbol.asyncDispose]: end };
}

async function install(name: ServerName): Promise<void> {
  const script = join(repository, 'tools/install-s3-servers.sh');
  await promisify(execFile)('bash', [script, name]).catch((error: Error & { readonly stderr?: string }) => {
    throw new Error(error.stderr || error.message, { cause: error });
  });
}

/** Nothing else on this machine takes ports in the moment between. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Resolves at the first reply of any kind. */
async function answered(child: ChildProcess, endpoint: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const reply = await fetch(endpoint).catch(() => undefined);
    if (reply) return;
    await sleep(100);
  }
  throw new Error(`${child.spawnfile} did not answer at ${endpoint}. It said: ${said || 'nothing'}`);
}
