import { join } from 'node:path';
import type { Command } from '../measure.ts';
import type { Sink } from '../servers.ts';
import { s3Credentials, type Job, type Restorer, type Tool } from './tool.ts';

/** rclone lists the source over HTTP. Only `--transfers` and the flags of a variant are set. */
export function rclone(
  program: string,
  version: string,
  variant?: { readonly name: string; readonly flags: readonly string[] },
): Tool {
  return {
    name: variant === undefined ? 'rclone' : `rclone ${variant.name}`,
    version,
    verifiesInDirectory: 'size only',
    command: (job) => ({
      argv: [program, 'copy', ':http:', destination(job), ...flagsFor(job), ...(variant?.flags ?? [])],
      env: { ...environment(job.scratch), ...(job.to.kind === 's3' ? sinkEnvironment(job.to.sink) : {}) },
    }),
  };
}

/** Compares a local folder with the bucket `bench`. Listing the folder costs no request. */
export function rcloneCompare(
  program: string,
  of: { readonly folder: string; readonly sink: Sink; readonly scratch: string; readonly certPath: string | undefined },
  flags: readonly string[],
): Command {
  return {
    argv: [program, 'copy', of.folder, ':s3:bench', ...certificateFlags(of.certPath), ...flags],
    env: { ...environment(of.scratch), ...sinkEnvironment(of.sink) },
  };
}

/** Copies an archive of Cloud Sync without its own folder. */
export function rcloneRestore(program: string, version: string): Restorer {
  return {
    name: 'rclone',
    version,
    verifiesInDirectory: 'MD5 if the source has one, size',
    restore: ({ from, into, connections, scratch, certPath }) => {
      const transfers = String(connections);
      const place = from.kind === 'directory' ? from.path : ':s3:bench/archive';
      const flags = ['--exclude', '/.cloud-sync/**', '--transfers', transfers, '--checkers', transfers];
      return {
        argv: [program, 'copy', place, into, ...certificateFlags(certPath), ...flags],
        env: { ...environment(scratch), ...(from.kind === 's3' ? sinkEnvironment(from.sink) : {}) },
      };
    },
  };
}

function destination({ to }: Job): string {
  return to.kind === 'directory' ? to.path : ':s3:bench';
}

function flagsFor({ source, connections, certPath, maxSilenceSeconds }: Job): string[] {
  const transfers = String(connections);
  const timeout = maxSilenceSeconds === undefined ? [] : ['--timeout', `${maxSilenceSeconds}s`];
  const from = ['--http-url', `${source.url}/files/`, ...certificateFlags(certPath)];
  return [...from, '--transfers', transfers, '--checkers', transfers, ...timeout];
}

function certificateFlags(certPath: string | undefined): string[] {
  return certPath === undefined ? [] : ['--ca-cert', certPath];
}

function environment(scratch: string): Record<string, string> {
  return { HOME: scratch, RCLONE_CONFIG: join(scratch, 'none.conf') };
}

function sinkEnvironment(sink: Sink): Record<string, string> {
  return {
    RCLONE_S3_PROVIDER: 'Other',
    RCLONE_S3_ENDPOINT: sink.url,
    RCLONE_S3_ACCESS_KEY_ID: s3Credentials.AWS_ACCESS_KEY_ID,
    RCLONE_S3_SECRET_ACCESS_KEY: s3Credentials.AWS_SECRET_ACCESS_KEY,
    RCLONE_S3_NO_CHECK_BUCKET: 'true',
  };
}
