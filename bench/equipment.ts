/** Adds the servers, the certificate and the tools of a bench to the cache, if they are missing. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { cache, repository } from './paths.ts';
import type { Certificate } from './servers.ts';
import { aria2 } from './tools/aria2.ts';
import { curlToAws } from './tools/aws-cli.ts';
import { curl } from './tools/curl.ts';
import { goproMediaDownloader } from './tools/gopro-media-downloader.ts';
import { installOurs, type Ours } from './tools/ours.ts';
import { rclone } from './tools/rclone.ts';
import type { CloudTool, Tool } from './tools/tool.ts';

const run = promisify(execFile);

export interface Peers {
  readonly rclone: Tool;
  /** rclone with the number of ranges and the part size that Cloud Sync uses by default. */
  readonly rcloneTuned: Tool;
  readonly rcloneProgram: string;
  readonly curl: Tool | undefined;
  readonly curlToAws: Tool | undefined;
  readonly awsProgram: string | undefined;
  readonly aria2: Tool | undefined;
  readonly goproMediaDownloader: CloudTool | undefined;
  /** Names of the peers that could not be installed on this machine. */
  readonly missing: readonly string[];
}

export interface Equipment {
  readonly certificate: Certificate;
  readonly ours: Ours;
}

/** Prepares the equipment. The bench measures the package `tarball`, or else this checkout. */
export async function prepare(tarball: string | undefined): Promise<Equipment> {
  await mkdir(cache, { recursive: true });
  const [certificate, ours] = await Promise.all([makeCertificate(), installOurs(tarball), buildServers()]);
  // This process also sends requests to the servers, so it has to trust their certificate.
  setDefaultCACertificates([...getCACertificates(), readFileSync(certificate.certPath, 'utf8')]);
  return { certificate, ours };
}

async function buildServers(): Promise<void> {
  const target = join(cache, 'servers');
  const servers = join(repository, 'bench', 'servers');
  await run('go', ['build', '-o', `${target}/`, './srcserver', './s3sink'], { cwd: servers }).catch((error: unknown) => {
    throw new Error('building the servers of the bench failed; it needs Go 1.25 or newer', { cause: error });
  });
}

/** Makes a self-signed certificate. Each client has an option to trust it. */
async function makeCertificate(): Promise<Certificate> {
  const certPath = join(cache, 'cert.pem');
  const keyPath = join(cache, 'key.pem');
  const flags = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650', '-subj', '/CN=bench'];
  const files = ['-keyout', keyPath, '-out', certPath];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  if (!existsSync(certPath)) await run('openssl', ['req', '-x509', ...flags, ...files, ...names]);
  return { certPath, keyPath };
}

/** Installs the peers. Only rclone is required. */
export async function installPeers(): Promise<Peers> {
  await run('bash', [join(repository, 'tools', 'install-bench-peers.sh')], { maxBuffer: 2 ** 26 });
  const { rcloneProgram, awsProgram, aria2Program, goproDownloaderPython } = await installedPrograms();
  if (rcloneProgram === undefined) throw new Error('installing rclone failed; run tools/install-bench-peers.sh to see why');
  const version = await versionOf(rcloneProgram, 'version');
  const curlVersion = await versionOf('curl', '--version');
  const awsVersion = awsProgram && (await versionOf(awsProgram, '--version'));
  const aria2Version = aria2Program && (await versionOf(aria2Program, '--version'));
  const goproVersion = goproDownloaderPython && (await versionOf(goproDownloaderPython, '-m', 'gopro_dl.cli', '--version'));
  const tuned = ['--s3-chunk-size', '16M', '--s3-upload-concurrency', '5', '--multi-thread-streams', '5'];
  return {
    rclone: rclone(rcloneProgram, version),
    rcloneTuned: rclone(rcloneProgram, version, { name: '(5 × 16 MiB)', flags: tuned }),
    rcloneProgram,
    curl: curlVersion === '' ? undefined : curl(curlVersion),
    curlToAws: awsProgram && awsVersion ? curlToAws(awsProgram, awsVersion) : undefined,
    awsProgram: awsVersion ? awsProgram : undefined,
    aria2: aria2Program && aria2Version ? aria2(aria2Program, aria2Version) : undefined,
    goproMediaDownloader:
      goproDownloaderPython && goproVersion ? goproMediaDownloader(goproDownloaderPython, goproVersion) : undefined,
    missing: Object.entries({
      curl: curlVersion,
      'aws-cli': awsVersion,
      aria2: aria2Version,
      'gopro-media-downloader': goproVersion,
    }).flatMap(([name, version]) => (version ? [] : name)),
  };
}

/** Asks the installing script for the paths. They contain versions that only the script knows. */
async function installedPrograms() {
  const { stdout } = await run('bash', [join(repository, 'tools', 'install-bench-peers.sh'), 'where']);
  const places = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
  return {
    rcloneProgram: places.get('rclone'),
    awsProgram: places.get('awscli'),
    aria2Program: places.get('aria2'),
    goproDownloaderPython: places.get('goprodl'),
  };
}

/** Returns the first number with a dot in the output. Returns '' if the program cannot run. */
async function versionOf(program: string, ...argv: readonly string[]): Promise<string> {
  const { stdout } = await run(program, argv).catch(() => ({ stdout: '' }));
  return /\d+\.\d[\w.]*/.exec(stdout)?.[0] ?? '';
}
