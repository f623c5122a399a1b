import type { Command } from './command.ts';

/** The groups of commands. A command of two words belongs to one of these groups. */
export const commandGroups = [
  { name: 'archives', summary: 'Look after the archives that this home knows.' },
  { name: 'aws', summary: 'Run and watch the service that is deployed on AWS.' },
] as const;

const acceptedNames = { name: '<name...>', help: 'Keys of files, or ids of media with all their files.' };
const retriedNames = { name: '[name...]', help: 'Only these media: their ids, or keys of their files.' };

/** All commands. The code of a command is imported only when the command runs. */
export const commands: readonly Command[] = [
  {
    name: 'sync',
    summary: 'Archive every original of a cloud library that is not archived yet.',
    whenInterrupted: 'All progress is kept. Run the same command again to continue.',
    run: async (context) => (await import('./commands/sync.ts')).runSync(context),
  },
  {
    name: 'verify',
    summary: 'Check every archived file, and name what is missing, damaged or suspect.',
    whenInterrupted: 'Its findings so far are kept. Run the same command again to check all files.',
    run: async (context) => (await import('./commands/verify.ts')).runVerify(context),
  },
  {
    name: 'restore',
    summary: 'Copy files of an archive into a directory, and check each. Needs no account and no tracker.',
    argument: { name: '[key...]', help: 'Only these files: keys, names, ids of media, or patterns such as 2025/07/* or *.360.' },
    whenInterrupted: 'Restored files stay. Run the same command again to continue.',
    run: async (context) => (await import('./commands/restore.ts')).runRestore(context),
  },
  {
    name: 'copy',
    summary: 'Copy what a second archive lacks of a first one, and check each file. Needs no account.',
    argument: { name: '[key...]', help: 'Only these files: keys, names, ids of media, or patterns such as 2025/07/* or *.360.' },
    whenInterrupted: 'Copied files stay. Run the same command again to continue.',
    run: async (context) => (await import('./commands/copy.ts')).runCopy(context),
  },
  {
    name: 'thaw',
    summary: 'Ask S3 to make files in archive classes readable. Shows the price first, and asks.',
    argument: { name: '[key...]', help: 'Only these files: keys, names, ids of media, or patterns such as 2025/07/* or *.360.' },
    whenInterrupted: 'What was asked for stays asked for. Run the same command again to ask for the rest.',
    run: async (context) => (await import('./commands/thaw.ts')).runThaw(context),
  },
  {
    name: 'report',
    summary: 'Write a page about an archive: months, cameras, proof, checks, and what is missing and why.',
    run: async (context) => (await import('./commands/report.ts')).runReport(context),
  },
  {
    name: 'status',
    summary: 'Show how much is archived and proven, what is missing and how the last runs ended.',
    run: async (context) => (await import('./commands/status.ts')).runStatus(context),
  },
  {
    name: 'list',
    summary: 'List originals and media with their status and its reason.',
    run: async (context) => (await import('./commands/list.ts')).runList(context),
  },
  {
    name: 'accept',
    summary: 'Accept lost, quarantined and disputed files as they are, so that they no longer make a run fail.',
    argument: acceptedNames,
    run: async (context) => (await import('./commands/accept.ts')).runAccept(context),
  },
  {
    name: 'retry',
    summary: 'Reset failed and quarantined files, so that the next sync tries them again, and undo `accept`.',
    argument: retriedNames,
    run: async (context) => (await import('./commands/retry.ts')).runRetry(context),
  },
  {
    name: 'login',
    summary: 'Read the credentials of a provider from standard input or a file, check them and store them.',
    argument: { name: '<provider>', help: 'The provider of the credentials.', choices: ['gopro'] },
    whenInterrupted: 'The stored credentials are unchanged.',
    run: async (context) => (await import('./commands/login.ts')).runLogin(context),
  },
  {
    name: 'logout',
    summary: 'Remove the stored credentials of a provider from this machine.',
    argument: { name: '<provider>', help: 'The provider of the credentials.', choices: ['gopro'] },
    run: async (context) => (await import('./commands/logout.ts')).runLogout(context),
  },
  {
    name: 'archives list',
    summary: 'List the archives that this home knows, and whether they are there.',
    run: async (context) => (await import('./commands/archives/list.ts')).runArchivesList(context),
  },
  {
    name: 'archives move',
    summary: 'Tell the home that an archive was moved to another disk, folder or bucket.',
    argument: { name: '<place...>', help: 'The old place and the new place.' },
    run: async (context) => (await import('./commands/archives/move.ts')).runArchivesMove(context),
  },
  {
    name: 'archives remove',
    summary: 'Make the home forget an archive and its tracker. The files of the archive stay.',
    argument: { name: '<place>', help: 'The place of the archive, as `archives list` shows it.' },
    run: async (context) => (await import('./commands/archives/remove.ts')).runArchivesRemove(context),
  },
  {
    name: 'doctor',
    summary: 'Check network, credentials, clock, home and archive, and say how to fix each problem.',
    run: async (context) => (await import('./commands/doctor.ts')).runDoctor(context),
  },
  {
    name: 'demo',
    summary: 'Show how Cloud Sync archives a small simulated library. Needs no account.',
    argument: { name: '[folder]', help: 'Directory of the archive; default: a temporary directory.' },
    run: async (context) => (await import('./commands/demo.ts')).runDemo(context),
  },
  {
    name: 'simulate',
    summary: 'Run a simulated cloud to try Cloud Sync with, until Ctrl-C.',
    argument: { name: '<provider>', help: 'The cloud to simulate.', choices: ['gopro'] },
    run: async (context) => (await import('./commands/simulate.ts')).runSimulate(context),
  },
  {
    name: 'aws run',
    summary: 'Start a run of the service. With --follow, show its progress and end with its exit code.',
    run: async (context) => (await import('./commands/aws/run.ts')).runAwsRun(context),
  },
  {
    name: 'aws status',
    summary: 'Show how the last runs ended, what is archived, which run works now and how old the credentials are.',
    run: async (context) => (await import('./commands/aws/status.ts')).runAwsStatus(context),
  },
  {
    name: 'aws failures',
    summary: 'List what failed, is quarantined, lost, disputed or accepted, with the reason and the next attempt.',
    run: async (context) => (await import('./commands/aws/failures.ts')).runAwsFailures(context),
  },
  {
    name: 'aws accept',
    summary: 'Accept lost, quarantined and disputed files as they are, so that they no longer make a run fail.',
    argument: acceptedNames,
    run: async (context) => (await import('./commands/aws/accept.ts')).runAwsAccept(context),
  },
  {
    name: 'aws retry',
    summary: 'Reset failed and quarantined files, so that the next run tries them again, and undo `aws accept`.',
    argument: retriedNames,
    run: async (context) => (await import('./commands/aws/retry.ts')).runAwsRetry(context),
  },
  {
    name: 'aws logs',
    summary: 'Print the logs that the functions of the service wrote in a run.',
    run: async (context) => (await import('./commands/aws/logs.ts')).runAwsLogs(context),
  },
];
