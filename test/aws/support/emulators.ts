/** Emulators of DynamoDB, installed into the repository's cache and run on loopback for one test file. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

const repository = join(import.meta.dirname, '../../..');
const cache = join(repository, '.cache');

export const emulatorNames = ['ministack', 'dynamodb-local'] as const;

export type EmulatorName = (typeof emulatorNames)[number];

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** A client of its own; the caller closes it. */
  client(): DynamoDBClient;
}

interface Program {
  /** Installs it if need be. */
  readonly install: readonly string[];
  readonly file: string;
  readonly arguments: (port: number) => readonly string[];
  readonly environment: (port: number) => Readonly<Record<string, string>>;
}

const dynamoLocal = join(cache, 'dynamodb-local-2.6.1');

const programs: Readonly<Record<EmulatorName, Program>> = {
  ministack: {
    install: [join(repository, 'tools/install-s3-servers.sh'), 'ministack'],
    file: join(cache, 's3-servers/ministack-1.5.33/bin/python'),
    arguments: () => ['-m', 'ministack'],
    environment: (port) => ({ GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', SERVICES: 'dynamodb', LOG_LEVEL: 'WARNING' }),
  },
  'dynamodb-local': {
    install: [join(import.meta.dirname, 'install-dynamodb-local.sh')],
    file: 'java',
    arguments: (port) => [
      '-XX:+UseSerialGC',
      `-Djava.library.path=${dynamoLocal}/lib`,
      '-cp',
      `${dynamoLocal}/classes:${dynamoLocal}/lib/*`,
      'DynamoLocal',
      String(port),
    ],
    environment: () => ({}),
  },
};

/** Starts an emulator with nothing in it. Dispose to end it and to remove all it kept. */
export async function startEmulator(name: EmulatorName): Promise<Emulator> {
  const program = programs[name];
  await promisify(execFile)('bash', program.install).catch((error: Error & { readonly stderr?: string }) => {
    throw new Error(error.stderr || error.message, { cause: error });
  });
  const folder = await mkdtemp(join(tmpdir(), `cloud-sync-${name}-`));
  const port = await freePort();
  const child = spawn(program.file, program.arguments(port), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, ...program.environment(port) },
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
  const credentials = { accessKeyId: 'cloudsynctests', secretAccessKey: 'not-a-secret-only-for-loopback' };
  const client = () => new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 3 });
  return { endpoint, client, [Symbol.asyncDispose]: end };
}

/** Nothing else on this machine takes ports in the moment between. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
