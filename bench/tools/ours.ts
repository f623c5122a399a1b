import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { options } from '../../src/config/options.ts';
import { cache, repository } from '../paths.ts';
import type { Command } from '../measure.ts';
import { s3Credentials, type CloudJob, type CloudTool, type RestoreJob, type Restorer, type Target, type Tool } from './tool.ts';

const run = promisify(execFile);

/** The highest value of `--api-rps`. The default of 4 is for a real provider. */
export const apiRequestsPerSecond = options.find(({ name }) => name === 'api-rps')?.max ?? 1000;

export const benchUserId = 'bench-user';
export const benchAccessToken = 'bench-access-token';

export interface Ours extends CloudTool, Restorer {
  /** Cloud Sync with `--no-prove`. It does not compare files with the checksums of the source. */
  readonly withoutProof: CloudTool;
  /** Returns the tool with flags for Node that count or profile. No measurement uses this tool. */
  withNodeFlags(...nodeFlags: readonly string[]): Tool;
}

/**
 * Packs Cloud Sync, installs the package in another folder and runs it with public options, as a
 * user does. `tarball` is a package of another version. By default this checkout is packed.
 */
export async function installOurs(tarball?: string): Promise<Ours> {
  const installed = await installPackage(tarball ?? (await pack()));
  const folder = join(installed, 'node_modules', 'cloud-sync');
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const tool = (nodeFlags: readonly string[], options: readonly string[] = []): CloudTool => ({
    name: ['cloud-sync', ...(options.length > 0 ? ['sync', ...options] : [])].join(' '),
    version,
    verifiesInDirectory: options.length > 0 ? 'CRC32, read-back size' : 'ETag of the source, CRC32, read-back size',
    command: (job) => ({
      argv: [process.execPath, ...nodeFlags, join(folder, 'bin', 'cloud-sync.js'), ...argumentsFor(job), ...options],
      env: environmentFor(job),
    }),
  });
  const restore = ({ from, into, connections, scratch, certPath }: RestoreJob): Command => ({
    argv: [
      process.execPath,
      join(folder, 'bin', 'cloud-sync.js'),
      'restore',
      '--from',
      placeOf(from),
      '--into',
      into,
      '--concurrency',
      String(connections),
      '--quiet',
    ],
    env: environmentFor({ source: { url: '' }, to: from, connections, scratch, certPath }),
  });
  return { ...tool([]), restore, withoutProof: tool([], ['--no-prove']), withNodeFlags: (...nodeFlags) => tool(nodeFlags) };
}

function placeOf(target: Target): string {
  return target.kind === 'directory' ? target.path : 's3://bench/archive';
}

function argumentsFor({ to, connections, maxSilenceSeconds }: CloudJob): string[] {
  const timeout = maxSilenceSeconds === undefined ? [] : ['--stall-timeout-ms', String(maxSilenceSeconds * 1000)];
  return ['sync', '--provider', 'gopro', '--to', placeOf(to), '--concurrency', String(connections), '--quiet', ...timeout];
}

function environmentFor({ source, to, scratch, certPath }: CloudJob): Record<string, string> {
  return {
    HOME: scratch,
    CLOUD_SYNC_HOME: join(scratch, 'home'),
    ...(source.url === '' ? {} : { CLOUD_SYNC_GOPRO_API_URL: source.url }),
    CLOUD_SYNC_GOPRO_API_RPS: String(apiRequestsPerSecond),
    CLOUD_SYNC_GOPRO_ACCESS_TOKEN: benchAccessToken,
    CLOUD_SYNC_GOPRO_USER_ID: benchUserId,
    // The compiled code is cached, as on a machine that runs Cloud Sync every night.
    NODE_COMPILE_CACHE: join(cache, 'compiled'),
    ...(certPath === undefined ? {} : { NODE_EXTRA_CA_CERTS: certPath }),
    ...(to.kind === 's3' && { ...s3Credentials, CLOUD_SYNC_S3_ENDPOINT: to.sink.url, CLOUD_SYNC_S3_PATH_STYLE: 'true' }),
  };
}

async function pack(): Promise<string> {
  const packed = join(cache, 'packed');
  await rm(packed, { recursive: true, force: true });
  await mkdir(packed, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: repository });
  const [name = ''] = stdout.trim().split('\n').slice(-1);
  return join(packed, name);
}

/** Installs a package and returns its folder. Each package has a folder of its own. */
async function installPackage(tarball: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(tarball))
    .digest('hex');
  const target = join(cache, 'installed', digest.slice(0, 16));
  if (existsSync(target)) return target;
  const building = `${target}.new`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  await writeFile(join(building, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--no-fund', '--no-audit', '--loglevel=error', tarball], { cwd: building });
  await rename(building, target);
  return target;
}
