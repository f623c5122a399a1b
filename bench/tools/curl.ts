import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileName } from '../servers.ts';
import type { Job, Tool } from './tool.ts';

/** curl gets a list of all URLs and fetches to a directory. */
export function curl(version: string): Tool {
  return {
    name: 'curl',
    version,
    verifiesInDirectory: 'no',
    command: (job) => {
      if (job.to.kind !== 'directory') return undefined;
      const { path } = job.to;
      const list = join(job.scratch, 'curl.conf');
      // In a config file `continue-at` applies to only one transfer, so each transfer sets it
      // again.
      const entry = (_: unknown, number: number) =>
        `url = "${job.source.fileUrl(number)}"\noutput = "${join(path, fileName(job.source.files, number))}"\ncontinue-at = -\n`;
      writeFileSync(list, Array.from({ length: job.source.files.count }, entry).join(''));
      const parallel = job.source.files.count > 1 ? ['--parallel', '--parallel-max', String(job.connections)] : [];
      return { argv: ['curl', ...curlFlags(job), ...parallel, '--create-dirs', '--config', list], env: { HOME: job.scratch } };
    },
  };
}

export function curlFlags({ certPath, maxSilenceSeconds }: Job): string[] {
  const timeout = maxSilenceSeconds === undefined ? [] : ['--speed-limit', '1', '--speed-time', String(maxSilenceSeconds)];
  return ['--silent', '--show-error', '--fail', ...timeout, ...(certPath === undefined ? [] : ['--cacert', certPath])];
}
