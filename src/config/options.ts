/**
 * The table of options. Flags, environment names, keys of config.toml, completions and
 * docs/reference/options.md are all made from this table, so an option exists in all of them or in
 * none.
 */

import { maxTermMs, usualTermMs } from '../lease.ts';
import { allProofs, roleRequests } from '../media.ts';
import { knownTypes } from '../plan/filter.ts';
import { defaultApiUrl, defaultRequestsPerSecond } from '../source/gopro/defaults.ts';
import { stages } from './stages.ts';

/** The names of all commands. In a name of two words the first word is the command's group. */
export const commandNames = [
  'sync',
  'verify',
  'restore',
  'status',
  'list',
  'accept',
  'retry',
  'login',
  'logout',
  'doctor',
  'demo',
  'simulate',
  'aws run',
  'aws status',
  'aws failures',
  'aws accept',
  'aws retry',
  'aws logs',
] as const;

export type CommandName = (typeof commandNames)[number];

/**
 * The type of the parsed value for each type of option. The entries of a list are separated by
 * commas, or the flag is repeated.
 */
interface ValueOf {
  readonly text: string;
  /** A text that config.toml may also give as a date. */
  readonly date: string;
  /** A text that config.toml may also give as a number, such as a size in bytes. */
  readonly amount: string;
  /** An http or https address. */
  readonly url: string;
  readonly flag: boolean;
  readonly integer: number;
  readonly number: number;
  readonly list: readonly string[];
}

/** What the SDK accepts as the name of a region. */
export const regionShape = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

export interface OptionSpec {
  /** The name of the flag without its leading dashes. It is also the key in config.toml. */
  readonly name: string;
  readonly type: keyof ValueOf;
  /** What a text must look like. */
  readonly shape?: RegExp;
  readonly help: string;
  readonly commands: readonly CommandName[];
  /** The placeholder that stands for the value in the help. */
  readonly metavar?: string;
  readonly default?: string | number | boolean | readonly string[];
  /** The only allowed values. */
  readonly allowed?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** The option's name in the environment, if that name is not made from `name`. */
  readonly env?: string;
  /** If true, the help lists the option last. */
  readonly advanced?: true;
  /**
   * If true, the option is neither a flag nor a key of config.toml, because other people can read
   * both.
   */
  readonly secret?: true;
  /** If true, the option decides where config.toml is, so config.toml cannot set it. */
  readonly notInFile?: true;
}

const everywhere = commandNames;
/** The commands that open the store of an archive. */
const onStore = ['sync', 'verify', 'restore', 'status', 'list', 'accept', 'retry', 'doctor'] as const;
const onArchive = ['sync', 'verify', 'status', 'list', 'accept', 'retry', 'doctor'] as const;
const onSelection = ['sync', 'restore'] as const;
const withTracker = ['sync', 'verify', 'status', 'list', 'accept', 'retry'] as const;
const withProvider = ['sync', 'verify', 'login', 'doctor'] as const;
const onService = ['aws run', 'aws status', 'aws failures', 'aws accept', 'aws retry', 'aws logs'] as const;
const onServiceTracker = ['aws status', 'aws failures', 'aws accept', 'aws retry'] as const;
const onMachine = ['aws run', 'aws status', 'aws retry', 'aws logs'] as const;

const optionTable = [
  {
    name: 'to',
    type: 'text',
    metavar: 'PLACE',
    commands: onArchive,
    help: 'Place of the archive: a directory or s3://bucket/prefix.',
  },
  {
    name: 'from',
    type: 'text',
    metavar: 'PLACE',
    commands: ['restore'],
    help: 'Archive to read: a directory or s3://bucket/prefix.',
  },
  {
    name: 'into',
    type: 'text',
    metavar: 'DIR',
    commands: ['restore'],
    help: 'Directory that gets the files. Files in it are never replaced.',
  },
  {
    name: 'flat',
    type: 'flag',
    default: false,
    commands: ['restore'],
    help: 'Put all files into one folder, under the names that the camera gave. Equal names are numbered.',
  },
  {
    name: 'provider',
    type: 'text',
    metavar: 'NAME',
    default: 'gopro',
    allowed: ['gopro'],
    commands: ['sync', 'doctor'],
    help: 'Provider whose library is archived.',
  },
  {
    name: 'dry-run',
    type: 'flag',
    default: false,
    commands: ['sync', 'restore'],
    help: 'List and plan, but transfer nothing and write nothing.',
  },
  {
    name: 'full',
    type: 'flag',
    default: false,
    commands: ['sync', 'aws run'],
    help: 'Read the whole listing even if a quick listing is enough.',
  },
  {
    name: 'concurrency',
    type: 'integer',
    metavar: 'N',
    default: 5,
    min: 1,
    max: 64,
    commands: ['sync', 'restore'],
    help: 'Number of parts that `sync`, or of files that `restore` transfers at the same time.',
  },
  {
    name: 'bwlimit',
    type: 'amount',
    metavar: 'RATE',
    commands: ['sync'],
    help: 'Limit in bytes per second, such as 20M, or a timetable: "08:00,1M 23:00,off".',
  },

  {
    name: 'since',
    type: 'date',
    metavar: 'DATE',
    commands: onSelection,
    help: 'Take only media captured on or after this date.',
  },
  {
    name: 'until',
    type: 'date',
    metavar: 'DATE',
    commands: onSelection,
    help: 'Take only media captured on or before this date.',
  },
  {
    name: 'type',
    type: 'list',
    metavar: 'TYPE',
    allowed: knownTypes,
    commands: onSelection,
    help: 'Take only media of these types, named as the provider names them.',
  },
  {
    name: 'camera',
    type: 'list',
    metavar: 'MODEL',
    commands: onSelection,
    help: 'Take only media of these camera models; a pattern such as HERO12* is allowed.',
  },
  {
    name: 'name',
    type: 'list',
    metavar: 'PATTERN',
    commands: onSelection,
    help: 'Take only media whose name matches a pattern; * stands for any text, ? for one character.',
  },
  {
    name: 'min-size',
    type: 'amount',
    metavar: 'SIZE',
    commands: onSelection,
    help: 'Take only media with at least this size in the listing, such as 10M.',
  },
  {
    name: 'max-size',
    type: 'amount',
    metavar: 'SIZE',
    commands: onSelection,
    help: 'Take only media with at most this size in the listing.',
  },
  {
    name: 'include',
    type: 'list',
    metavar: 'ROLE',
    default: [],
    allowed: roleRequests,
    commands: ['sync'],
    help: 'Archive these files too.',
  },
  {
    name: 'no-prove',
    type: 'flag',
    default: false,
    commands: ['sync'],
    help: "Do not compare new files with the cloud's own checksums.",
  },
  {
    name: 'tracker',
    type: 'text',
    metavar: 'KIND',
    default: 'sqlite',
    allowed: ['sqlite', 'dynamodb'],
    commands: withTracker,
    help: 'Tracker: a file in the home (sqlite), or the table that a service on AWS shares (dynamodb).',
  },
  {
    name: 'env',
    type: 'text',
    metavar: 'STAGE',
    default: 'prod',
    allowed: stages,
    commands: [...withTracker, ...onService],
    help: 'Stage of the service on AWS, which decides the names of its table, machine and functions.',
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
    name: 'status',
    type: 'list',
    metavar: 'STATUS',
    default: [],
    allowed: [
      'pending',
      'in-progress',
      'completed',
      'failed',
      'quarantined',
      'source-deleted',
      'listed',
      'resolved',
      'waiting',
      'missing',
      'damaged',
      'suspect',
      'superseded',
      'lost',
      'accepted',
    ],
    commands: ['list'],
    help: 'Show only entries with these statuses, marks or facts.',
  },
  {
    name: 'proof',
    type: 'list',
    metavar: 'PROOF',
    default: [],
    allowed: allProofs,
    commands: ['list'],
    help: "Show only archived files for which the comparison with the cloud's own checksum had these results.",
  },
  {
    name: 'file',
    type: 'text',
    metavar: 'FILE',
    commands: ['login'],
    help: 'Read the credentials from this file, not from standard input.',
  },
  {
    name: 'to-secret',
    type: 'text',
    metavar: 'NAME',
    commands: ['login'],
    help: 'Store the credentials only in this secret of AWS Secrets Manager, such as gopro/credentials.',
  },

  {
    name: 'follow',
    type: 'flag',
    default: false,
    commands: ['aws run', 'aws logs'],
    help: 'Show what happens until the run ends.',
  },
  { name: 'start', type: 'flag', default: false, commands: ['aws retry'], help: 'Start a run at once.' },
  {
    name: 'run',
    type: 'text',
    metavar: 'NAME',
    commands: ['aws logs'],
    help: 'Name of the execution; default: the latest run.',
  },
  {
    name: 'level',
    type: 'text',
    metavar: 'LEVEL',
    default: 'info',
    allowed: ['debug', 'info', 'warn', 'error'],
    commands: ['aws logs'],
    help: 'Print only lines of this level and above.',
  },

  {
    name: 'json',
    type: 'flag',
    default: false,
    commands: [...onStore, ...onService],
    help: 'Print JSON lines to standard output and everything else to standard error.',
  },
  {
    name: 'quiet',
    type: 'flag',
    default: false,
    commands: ['sync', 'verify', 'restore', 'demo'],
    help: 'Print only warnings and, after a failure, a short summary.',
  },

  {
    name: 'quarantine-after',
    type: 'integer',
    metavar: 'N',
    default: 10,
    min: 1,
    max: 1000,
    commands: ['sync'],
    advanced: true,
    help: 'Number of failed runs after which an original is quarantined and needs `retry`.',
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
    name: 's3-endpoint',
    type: 'url',
    metavar: 'URL',
    commands: onStore,
    advanced: true,
    help: 'Address of an S3-compatible store; default: AWS.',
  },
  {
    name: 's3-region',
    type: 'text',
    shape: regionShape,
    metavar: 'REGION',
    commands: onStore,
    advanced: true,
    help: 'Region of the bucket; default: the AWS configuration of this machine.',
  },
  {
    name: 's3-path-style',
    type: 'flag',
    default: false,
    commands: onStore,
    advanced: true,
    help: 'Put the bucket into the path, for stores that do not support bucket host names.',
  },
  {
    name: 's3-storage-class',
    type: 'text',
    metavar: 'CLASS',
    allowed: ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
    commands: ['sync'],
    advanced: true,
    help: 'Storage class of new objects.',
  },
  {
    name: 's3-sse-kms-key',
    type: 'text',
    metavar: 'KEY',
    commands: ['sync'],
    advanced: true,
    help: 'Id or ARN of the KMS key that encrypts new objects.',
  },
  {
    name: 'table',
    type: 'text',
    metavar: 'NAME',
    commands: [...withTracker, ...onServiceTracker],
    advanced: true,
    help: 'DynamoDB table of the tracker; default: the table of --env, for prod gopro-sync-tracker.',
  },
  {
    name: 'machine',
    type: 'text',
    metavar: 'NAME',
    commands: onMachine,
    advanced: true,
    help: 'Name or ARN of the state machine; default: the machine of --env, for prod gopro-sync-orchestrator.',
  },
  {
    name: 'gopro-api-url',
    type: 'url',
    metavar: 'URL',
    default: defaultApiUrl,
    commands: withProvider,
    advanced: true,
    help: 'Address of the GoPro API; another address may use plain http.',
  },
  {
    name: 'api-rps',
    type: 'number',
    metavar: 'N',
    default: defaultRequestsPerSecond,
    min: 0.1,
    max: 100_000,
    env: 'CLOUD_SYNC_GOPRO_API_RPS',
    commands: withProvider,
    advanced: true,
    help: 'Maximum number of requests per second to the API of the provider.',
  },
  {
    name: 'stall-timeout-ms',
    type: 'integer',
    metavar: 'MS',
    default: 30_000,
    min: 100,
    max: 3_600_000,
    commands: [...withProvider, 'restore'],
    advanced: true,
    help: 'Milliseconds without data after which a connection is closed.',
  },
  {
    name: 'lease-term-ms',
    type: 'integer',
    metavar: 'MS',
    default: usualTermMs,
    min: 1_000,
    max: maxTermMs,
    commands: ['sync', 'verify', 'restore'],
    advanced: true,
    help: 'Milliseconds that a run may pause before another run takes over.',
  },
  {
    name: 'credential-store',
    type: 'text',
    metavar: 'STORE',
    default: 'auto',
    allowed: ['auto', 'keychain', 'age', 'file'],
    commands: [...withProvider, 'logout'],
    advanced: true,
    help: 'Store of the credentials; auto reads the newest, and stores where they are or in the first store that works.',
  },
  {
    name: 'home',
    type: 'text',
    metavar: 'DIR',
    commands: everywhere,
    advanced: true,
    notInFile: true,
    help: 'Directory of configuration and trackers; default: the usual directory of the operating system.',
  },

  {
    name: 'preset',
    type: 'text',
    metavar: 'NAME',
    default: 'small',
    allowed: ['small', 'large', 'big-file', 'empty'],
    commands: ['simulate'],
    help: 'Library that the simulator serves.',
  },
  {
    name: 'count',
    type: 'integer',
    metavar: 'N',
    min: 1,
    max: 10_000_000,
    commands: ['simulate'],
    help: 'Number of media in the preset `large`.',
  },
  {
    name: 'size-bytes',
    type: 'integer',
    metavar: 'BYTES',
    min: 1,
    max: 1e15,
    commands: ['simulate'],
    help: 'Size of the file of `big-file`, or of each file of `large`.',
  },
  {
    name: 'seed',
    type: 'amount',
    metavar: 'TEXT',
    commands: ['simulate'],
    help: 'Seed of ids and contents; the same seed gives the same library.',
  },
  {
    name: 'fault',
    type: 'text',
    metavar: 'FAULTS',
    commands: ['simulate'],
    help: 'Faults to simulate: names from the catalogue, separated by commas, or a .json file.',
  },
  {
    name: 'port',
    type: 'integer',
    metavar: 'PORT',
    default: 0,
    min: 0,
    max: 65_535,
    commands: ['simulate'],
    help: 'Port of the API; 0 takes any free port.',
  },
  {
    name: 'cdn-port',
    type: 'integer',
    metavar: 'PORT',
    default: 0,
    min: 0,
    max: 65_535,
    commands: ['simulate'],
    help: 'Port of the media host; 0 takes any free port.',
  },

  {
    name: 'gopro-access-token',
    type: 'text',
    metavar: 'TOKEN',
    secret: true,
    commands: withProvider,
    help: 'Value of the cookie gp_access_token; overrules stored credentials.',
  },
  {
    name: 'gopro-user-id',
    type: 'text',
    metavar: 'ID',
    secret: true,
    commands: withProvider,
    help: 'Value of the cookie gp_user_id that belongs to the token.',
  },
  {
    name: 'passphrase',
    type: 'text',
    metavar: 'TEXT',
    secret: true,
    commands: withProvider,
    help: 'Passphrase that encrypts and opens the file credentials.age.',
  },
] as const satisfies readonly OptionSpec[];

type Row = (typeof optionTable)[number];

/** The values of all options. A value is undefined if it was not given and has no default. */
export type Settings = {
  readonly [Spec in Row as Spec['name']]:
    | ValueOf[Spec['type']]
    | (Spec extends { readonly default: unknown } ? never : undefined);
};

/** The same table without its literal types, for code that handles any option. */
export const options: readonly OptionSpec[] = optionTable;

/** Returns the option's name in the environment. */
export function environmentName(spec: Pick<OptionSpec, 'name' | 'env'>): string {
  return spec.env ?? `CLOUD_SYNC_${spec.name.toUpperCase().replaceAll('-', '_')}`;
}

/** Returns the options of a command that can be given as flags. */
export function flagsOf(command: CommandName): readonly OptionSpec[] {
  return options.filter((spec) => !spec.secret && spec.commands.includes(command));
}
