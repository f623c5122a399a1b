/**
 * THE table of options. Flags, environment, config.toml, completions and docs/reference/options.md all derive from it, so an option
 * exists in all of them or in none.
 */

import { roleRequests } from '../media.ts';
import { knownTypes } from '../plan/filter.ts';
import { defaultApiUrl, defaultRequestsPerSecond } from '../source/gopro/defaults.ts';
import { stages } from './stages.ts';

/** A name of two words is a command of the group that the first one names. */
export const commandNames = [
  'sync',
  'verify',
  'status',
  'list',
  'retry',
  'login',
  'doctor',
  'demo',
  'simulate',
  'aws run',
  'aws status',
  'aws failures',
  'aws retry',
  'aws logs',
] as const;

export type CommandName = (typeof commandNames)[number];

/** What each type of option becomes. Lists take commas and repetition. */
interface ValueOf {
  readonly text: string;
  /** An http or https address. */
  readonly url: string;
  readonly flag: boolean;
  readonly integer: number;
  readonly number: number;
  readonly list: readonly string[];
}

export interface OptionSpec {
  /** As the flag without dashes, and as the key in config.toml. */
  readonly name: string;
  readonly type: keyof ValueOf;
  readonly help: string;
  readonly commands: readonly CommandName[];
  /** What stands for the value in help. */
  readonly metavar?: string;
  readonly default?: string | number | boolean | readonly string[];
  /** The only values there are. */
  readonly allowed?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Where the name in the environment is not derived from `name`. */
  readonly env?: string;
  /** Listed last in the help. */
  readonly advanced?: true;
  /** Never a flag and never in config.toml: other people can read both. */
  readonly secret?: true;
  /** Decides where config.toml lies, so it cannot stand there. */
  readonly notInFile?: true;
}

const everywhere = commandNames;
const onArchive = ['sync', 'verify', 'status', 'list', 'retry', 'doctor'] as const;
const withTracker = ['sync', 'verify', 'status', 'list', 'retry'] as const;
const withProvider = ['sync', 'login', 'doctor'] as const;
const onService = ['aws run', 'aws status', 'aws failures', 'aws retry', 'aws logs'] as const;
const onServiceTracker = ['aws status', 'aws failures', 'aws retry'] as const;
const onMachine = ['aws run', 'aws status', 'aws retry', 'aws logs'] as const;

const optionTable = [
  {
    name: 'to',
    type: 'text',
    metavar: 'PLACE',
    commands: onArchive,
    help: 'Where the archive is: a directory or s3://bucket/prefix.',
  },
  {
    name: 'provider',
    type: 'text',
    metavar: 'NAME',
    default: 'gopro',
    allowed: ['gopro'],
    commands: ['sync', 'doctor'],
    help: 'Whose library to archive.',
  },
  { name: 'dry-run', type: 'flag', default: false, commands: ['sync'], help: 'List and plan, but transfer and write nothing.' },
  {
    name: 'full',
    type: 'flag',
    default: false,
    commands: ['sync', 'aws run'],
    help: 'Read the whole listing even if a quick look would do.',
  },
  {
    name: 'concurrency',
    type: 'integer',
    metavar: 'N',
    default: 5,
    min: 1,
    max: 64,
    commands: ['sync'],
    help: 'Parts in flight at once, over all files.',
  },
  {
    name: 'bwlimit',
    type: 'text',
    metavar: 'RATE',
    commands: ['sync'],
    help: 'Bytes per second, such as 20M, or a timetable: "08:00,1M 23:00,off".',
  },

  { name: 'since', type: 'text', metavar: 'DATE', commands: ['sync'], help: 'Only what was captured on or after this date.' },
  { name: 'until', type: 'text', metavar: 'DATE', commands: ['sync'], help: 'Only what was captured on or before this date.' },
  {
    name: 'type',
    type: 'list',
    metavar: 'TYPE',
    allowed: knownTypes,
    commands: ['sync'],
    help: "Only media of these types, in the provider's words.",
  },
  {
    name: 'camera',
    type: 'list',
    metavar: 'MODEL',
    commands: ['sync'],
    help: 'Only media of these camera models, or of models like HERO12*.',
  },
  {
    name: 'name',
    type: 'list',
    metavar: 'PATTERN',
    commands: ['sync'],
    help: 'Only media with such a name; * stands for any text, ? for one character.',
  },
  {
    name: 'min-size',
    type: 'text',
    metavar: 'SIZE',
    commands: ['sync'],
    help: 'Only media of at least this size by the listing, such as 10M.',
  },
  {
    name: 'max-size',
    type: 'text',
    metavar: 'SIZE',
    commands: ['sync'],
    help: 'Only media of at most this size by the listing.',
  },
  {
    name: 'include',
    type: 'list',
    metavar: 'ROLE',
    default: [],
    allowed: roleRequests,
    commands: ['sync'],
    help: 'Archive these too, beside the originals.',
  },
  {
    name: 'tracker',
    type: 'text',
    metavar: 'KIND',
    default: 'sqlite',
    allowed: ['sqlite', 'dynamodb'],
    commands: withTracker,
    help: 'Where it is remembered what is archived: in the home, or in the table that a service on AWS has, too.',
  },
  {
    name: 'env',
    type: 'text',
    metavar: 'STAGE',
    default: 'prod',
    allowed: stages,
    commands: [...withTracker, ...onService],
    help: 'Which service on AWS: decides the names of its table, machine and functions.',
  },

  {
    name: 'deep',
    type: 'flag',
    default: false,
    commands: ['verify'],
    help: 'Read every byte back where size and stored checksum would do (S3).',
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
    ],
    commands: ['list'],
    help: 'Only what stands there.',
  },
  {
    name: 'file',
    type: 'text',
    metavar: 'FILE',
    commands: ['login'],
    help: 'Read the credentials from this file instead of standard input.',
  },
  {
    name: 'to-secret',
    type: 'text',
    metavar: 'NAME',
    commands: ['login'],
    help: 'Put the credentials into this secret of AWS Secrets Manager, such as gopro/credentials, and nowhere else.',
  },

  {
    name: 'follow',
    type: 'flag',
    default: false,
    commands: ['aws run', 'aws logs'],
    help: 'Stay and tell what happens until the run ends.',
  },
  { name: 'start', type: 'flag', default: false, commands: ['aws retry'], help: 'Start a run at once.' },
  {
    name: 'run',
    type: 'text',
    metavar: 'NAME',
    commands: ['aws logs'],
    help: 'Of which run, by the name of its execution; absent: of the last one.',
  },
  {
    name: 'level',
    type: 'text',
    metavar: 'LEVEL',
    default: 'info',
    allowed: ['debug', 'info', 'warn', 'error'],
    commands: ['aws logs'],
    help: 'Only lines of this level and above.',
  },

  {
    name: 'json',
    type: 'flag',
    default: false,
    commands: [...onArchive, ...onService],
    help: 'JSON lines on standard output, everything else on standard error.',
  },
  {
    name: 'quiet',
    type: 'flag',
    default: false,
    commands: ['sync', 'verify', 'demo'],
    help: 'Say nothing but the final errors.',
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
    help: 'Failed runs after which an original needs `retry`.',
  },
  {
    name: 'hash',
    type: 'text',
    metavar: 'KIND',
    allowed: ['sha256'],
    commands: ['sync'],
    advanced: true,
    help: 'Also keep checksums that `sha256sum -c` accepts (directories only).',
  },
  {
    name: 's3-endpoint',
    type: 'url',
    metavar: 'URL',
    commands: onArchive,
    advanced: true,
    help: 'Address of an S3-compatible store; absent: AWS.',
  },
  {
    name: 's3-region',
    type: 'text',
    metavar: 'REGION',
    commands: onArchive,
    advanced: true,
    help: 'Region of the bucket; absent: as AWS is configured on this machine.',
  },
  {
    name: 's3-path-style',
    type: 'flag',
    default: false,
    commands: onArchive,
    advanced: true,
    help: 'Put the bucket into the path, for stores without bucket host names.',
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
    help: 'KMS key id or ARN that new objects are encrypted with.',
  },
  {
    name: 'table',
    type: 'text',
    metavar: 'NAME',
    commands: [...withTracker, ...onServiceTracker],
    advanced: true,
    help: 'DynamoDB table of the tracker; absent: that of --env, which for prod is gopro-sync-tracker.',
  },
  {
    name: 'machine',
    type: 'text',
    metavar: 'NAME',
    commands: onMachine,
    advanced: true,
    help: 'Name or ARN of the state machine; absent: that of --env, which for prod is gopro-sync-orchestrator.',
  },
  {
    name: 'gopro-api-url',
    type: 'url',
    metavar: 'URL',
    default: defaultApiUrl,
    commands: withProvider,
    advanced: true,
    help: 'Address of the GoPro API; an override may be plain http.',
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
    help: 'Requests per second to the API of the provider.',
  },
  {
    name: 'stall-timeout-ms',
    type: 'integer',
    metavar: 'MS',
    default: 30_000,
    min: 100,
    max: 3_600_000,
    commands: withProvider,
    advanced: true,
    help: 'Silence after which a connection is given up, in milliseconds.',
  },
  {
    name: 'credential-store',
    type: 'text',
    metavar: 'STORE',
    default: 'auto',
    allowed: ['auto', 'keychain', 'age', 'file'],
    commands: withProvider,
    advanced: true,
    help: 'Where `login` keeps credentials; auto takes the first that works.',
  },
  {
    name: 'home',
    type: 'text',
    metavar: 'DIR',
    commands: everywhere,
    advanced: true,
    notInFile: true,
    help: 'Where configuration and trackers are kept; absent: the usual place of the system.',
  },

  {
    name: 'preset',
    type: 'text',
    metavar: 'NAME',
    default: 'small',
    allowed: ['small', 'large', 'big-file', 'empty'],
    commands: ['simulate'],
    help: 'Which library the simulator serves.',
  },
  {
    name: 'count',
    type: 'integer',
    metavar: 'N',
    min: 1,
    max: 10_000_000,
    commands: ['simulate'],
    help: 'Media in the preset `large`.',
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
    type: 'text',
    metavar: 'TEXT',
    commands: ['simulate'],
    help: 'Decides ids and contents; the same seed gives the same library.',
  },
  {
    name: 'fault',
    type: 'text',
    metavar: 'FAULTS',
    commands: ['simulate'],
    help: 'What goes wrong: names from the catalogue with commas, or a .json file.',
  },
  {
    name: 'port',
    type: 'integer',
    metavar: 'PORT',
    default: 0,
    min: 0,
    max: 65_535,
    commands: ['simulate'],
    help: 'Port of the API; 0: any free one.',
  },
  {
    name: 'cdn-port',
    type: 'integer',
    metavar: 'PORT',
    default: 0,
    min: 0,
    max: 65_535,
    commands: ['simulate'],
    help: 'Port of the media host; 0: any free one.',
  },

  {
    name: 'gopro-access-token',
    type: 'text',
    metavar: 'TOKEN',
    secret: true,
    commands: withProvider,
    help: 'The cookie gp_access_token, before any stored credentials.',
  },
  {
    name: 'gopro-user-id',
    type: 'text',
    metavar: 'ID',
    secret: true,
    commands: withProvider,
    help: 'The cookie gp_user_id that belongs to the token.',
  },
  {
    name: 'passphrase',
    type: 'text',
    metavar: 'TEXT',
    secret: true,
    commands: withProvider,
    help: 'Opens and encrypts the credentials file credentials.age.',
  },
] as const satisfies readonly OptionSpec[];

type Row = (typeof optionTable)[number];

/** Every option with its value; undefined where it was not given and has no default. */
export type Settings = {
  readonly [Spec in Row as Spec['name']]:
    | ValueOf[Spec['type']]
    | (Spec extends { readonly default: unknown } ? never : undefined);
};

/** The table without its literal types, for code that handles any option. */
export const options: readonly OptionSpec[] = optionTable;

/** Name in the environment. */
export function environmentName(spec: Pick<OptionSpec, 'name' | 'env'>): string {
  return spec.env ?? `CLOUD_SYNC_${spec.name.toUpperCase().replaceAll('-', '_')}`;
}

/** The options of one command that can be flags. */
export function flagsOf(command: CommandName): readonly OptionSpec[] {
  return options.filter((spec) => !spec.secret && spec.commands.includes(command));
}
