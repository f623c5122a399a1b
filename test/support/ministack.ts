import { join } from 'node:path';
import { cache, type ForeignProgram } from './foreign-program.ts';

export interface MiniStackOptions {
  /** The services to start. Default: all. */
  readonly services?: readonly string[];
  /** Logs every step, not only errors. */
  readonly verbose?: boolean;
  /** A factor from 0 to 1 that shortens the waits and backoffs of state machines. Default: 1. */
  readonly waitScale?: number;
  /** Makes queries fast for tables with thousands of rows, as ministack-quick.py describes. */
  readonly quickQueries?: boolean;
}

/** MiniStack, an emulator of AWS. */
export function ministack({
  services = [],
  verbose = false,
  waitScale = 1,
  quickQueries = false,
}: MiniStackOptions = {}): ForeignProgram {
  return {
    name: 'ministack',
    install: ['tools/install-s3-servers.sh', 'ministack'],
    file: join(cache, 's3-servers/ministack-1.5.33/bin/python'),
    arguments: () => (quickQueries ? [join(import.meta.dirname, 'ministack-quick.py')] : ['-m', 'ministack']),
    environment: (port) => ({
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      LOG_LEVEL: verbose ? 'INFO' : 'WARNING',
      SFN_WAIT_SCALE: String(waitScale),
      ...(services.length > 0 && { SERVICES: services.join(',') }),
    }),
  };
}
