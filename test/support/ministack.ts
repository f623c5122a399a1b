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
  /** Checks policies, as ministack-policies.py describes. Default: everybody may do everything. */
  readonly checksPolicies?: boolean;
}

/** MiniStack, an emulator of AWS. */
export function ministack({
  services = [],
  verbose = false,
  waitScale = 1,
  quickQueries = false,
  checksPolicies = false,
}: MiniStackOptions = {}): ForeignProgram {
  return {
    name: 'ministack',
    install: ['tools/install-s3-servers.sh', 'ministack'],
    file: join(cache, 's3-servers/ministack-1.5.33/bin/python'),
    arguments: () => {
      const changed = checksPolicies ? 'ministack-policies.py' : quickQueries ? 'ministack-quick.py' : undefined;
      return changed === undefined ? ['-m', 'ministack'] : [join(import.meta.dirname, changed)];
    },
    environment: (port) => ({
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      LOG_LEVEL: verbose ? 'INFO' : 'WARNING',
      SFN_WAIT_SCALE: String(waitScale),
      AUTH: String(checksPolicies),
      ...(services.length > 0 && { SERVICES: services.join(',') }),
    }),
  };
}
