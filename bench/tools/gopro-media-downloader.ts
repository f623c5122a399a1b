import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchAccessToken } from './ours.ts';
import type { CloudTool } from './tool.ts';

const launcher = fileURLToPath(new URL('gopro-media-downloader.py', import.meta.url));

/** The highest number of parallel downloads that it accepts. */
const maxConnections = 8;
/** Its limit for a silent connection, which no option changes. */
const defaultSilenceSeconds = 60;

/**
 * gopro-media-downloader lists GoPro's API and fetches to a directory. It compares each file with
 * the ETag of the source. `python` is the program of the environment in which it is installed.
 */
export function goproMediaDownloader(python: string, version: string): CloudTool {
  return {
    name: 'gopro-media-downloader',
    version,
    verifiesInDirectory: 'ETag of the source, if not resumed',
    command: ({ source, to, connections, scratch, certPath, maxSilenceSeconds = defaultSilenceSeconds }) => {
      if (to.kind !== 'directory') return undefined;
      const options = {
        dest: to.path,
        'manifest-dir': join(scratch, 'manifest'),
        token: benchAccessToken,
        concurrency: String(Math.min(connections, maxConnections)),
      };
      const argv = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
      // The skipped checks demand 5 GiB of free space, which a RAM disk may not have.
      const flags = ['--quiet', '--non-interactive', '--skip-preflight'];
      return {
        argv: [python, launcher, source.url, String(maxSilenceSeconds), 'sync', ...argv, ...flags],
        env: {
          HOME: scratch,
          GOPRO_DL_HOME: join(scratch, 'home'),
          ...(certPath !== undefined && { SSL_CERT_FILE: certPath }),
        },
      };
    },
  };
}
