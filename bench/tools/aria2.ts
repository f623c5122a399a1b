import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileName } from '../servers.ts';
import type { Tool } from './tool.ts';

/** aria2 gets a list of all URLs and fetches to a directory. It fetches a large file in ranges. */
export function aria2(program: string, version: string): Tool {
  return {
    name: 'aria2',
    version,
    verifiesInDirectory: 'no',
    command: ({ source, to, connections, scratch, certPath, maxSilenceSeconds }) => {
      if (to.kind !== 'directory') return undefined;
      const list = join(scratch, 'aria2.txt');
      const entry = (_: unknown, number: number) => `${source.fileUrl(number)}\n  out=${fileName(source.files, number)}\n`;
      writeFileSync(list, Array.from({ length: source.files.count }, entry).join(''));
      const ranges = source.files.count === 1 ? String(connections) : '1';
      const flags = {
        dir: to.path,
        'input-file': list,
        split: ranges,
        'max-connection-per-server': ranges,
        'min-split-size': '16M',
        'max-concurrent-downloads': String(connections),
        'file-allocation': 'falloc',
        ...(certPath !== undefined && { 'ca-certificate': certPath }),
        ...(maxSilenceSeconds !== undefined && { timeout: String(maxSilenceSeconds) }),
      };
      const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
      return { argv: [program, '--no-conf', '--quiet', '--continue', ...argv], env: { HOME: scratch } };
    },
  };
}
