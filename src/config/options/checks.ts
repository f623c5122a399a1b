import type { OptionSpec } from './spec.ts';

/** How files are compared and checked. */
export const checksOptions = [
  {
    name: 'no-prove',
    type: 'flag',
    default: false,
    commands: ['sync'],
    help: "Do not compare new files with the cloud's own checksums.",
  },
  {
    name: 'deep',
    type: 'flag',
    default: false,
    commands: ['verify'],
    help: 'Read every byte of an archive on S3 back, instead of comparing size and stored checksum.',
  },
  {
    name: 'claims',
    type: 'flag',
    default: false,
    commands: ['verify'],
    help: 'Ask the provider for its checksums of files that were archived without them. Needs credentials.',
  },
  {
    name: 'rolling',
    type: 'amount',
    metavar: 'AGE',
    commands: ['sync', 'verify', 'doctor'],
    help: 'Read the files again whose last check is oldest, so that no byte stays unread for longer than this, such as 90d.',
  },
  {
    name: 'hash',
    type: 'text',
    metavar: 'KIND',
    allowed: ['sha256'],
    commands: ['sync'],
    advanced: true,
    help: 'Also write checksums that `sha256sum -c` accepts (directories only).',
  },
  {
    name: 'repair',
    type: 'flag',
    default: false,
    commands: ['doctor'],
    help: 'Rebuild a damaged or lost tracker from its backup and from the archive of --to.',
  },
] as const satisfies readonly OptionSpec[];
