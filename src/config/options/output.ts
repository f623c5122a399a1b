import { onStore, onService } from './commands.ts';
import type { OptionSpec } from './spec.ts';

/** How a command shows what it does. */
export const outputOptions = [
  {
    name: 'json',
    type: 'flag',
    default: false,
    commands: [...onStore, 'archives list', ...onService],
    help: 'Print JSON lines to standard output and everything else to standard error.',
  },
  {
    name: 'quiet',
    type: 'flag',
    default: false,
    commands: ['sync', 'verify', 'restore', 'copy', 'thaw', 'demo'],
    help: 'Print only warnings and, after a failure, a short summary.',
  },
] as const satisfies readonly OptionSpec[];
