import type { Command } from '../measure.ts';
import { fileName, type Sink } from '../servers.ts';
import { curlFlags } from './curl.ts';
import { s3Credentials, type Tool } from './tool.ts';

/** Pipes curl into aws-cli, which is a common way to bring one large file into a bucket. */
export function curlToAws(program: string, version: string): Tool {
  return {
    name: 'curl | aws s3 cp',
    version,
    verifiesInDirectory: 'not applicable',
    command: (job) => {
      const { source, to } = job;
      if (to.kind !== 's3' || source.files.count !== 1) return undefined;
      // With `bash -c SCRIPT NAME ARGUMENTS` the arguments need no quotes inside the script.
      const script =
        'set -o pipefail; aws=$1 endpoint=$2 size=$3 key=$4; shift 4; curl "$@" | "$aws" --endpoint-url "$endpoint" s3 cp --expected-size "$size" - "s3://bench/$key"';
      const key = fileName(source.files, 0);
      const argv = [program, to.sink.url, String(source.files.sizeBytes), key, ...curlFlags(job), source.fileUrl(0)];
      return { argv: ['bash', '-c', script, 'bash', ...argv], env: environment(job.scratch, job.certPath) };
    },
  };
}

/** Compares a folder of the local disk with the bucket `bench`. */
export function awsCompare(
  program: string,
  of: { readonly folder: string; readonly sink: Sink; readonly scratch: string; readonly certPath: string | undefined },
): Command {
  return {
    argv: [program, '--endpoint-url', of.sink.url, 's3', 'sync', '--size-only', '--only-show-errors', of.folder, 's3://bench'],
    env: environment(of.scratch, of.certPath),
  };
}

function environment(scratch: string, certPath: string | undefined): Record<string, string> {
  return { HOME: scratch, ...s3Credentials, ...(certPath === undefined ? {} : { AWS_CA_BUNDLE: certPath }) };
}
