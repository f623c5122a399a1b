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
  {
    name: 'csv',
    type: 'flag',
    default: false,
    commands: ['report'],
    help: 'Write a table with a line for each file, for a spreadsheet.',
  },
  {
    name: 'out',
    type: 'text',
    metavar: 'FILE',
    commands: ['report'],
    help: 'File to write, or - for standard output; default: cloud-sync-report.html, and standard output for --csv and --json.',
  },
] as const satisfies readonly OptionSpec[];
