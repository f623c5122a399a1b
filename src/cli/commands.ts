import type { Command } from './command.ts';

/** Commands of two words belong to one of these. */
export const commandGroups = [{ name: 'aws', summary: 'Run and watch the service that is deployed on AWS.' }] as const;

/** Every command there is. Each is loaded when it is run, so that none waits for what another needs. */
export const commands: readonly Command[] = [
  {
    name: 'sync',
    summary: 'Archive every original of a cloud library that is not archived yet.',
    run: async (context) => (await import('./commands/sync.ts')).runSync(context),
  },
  {
    name: 'verify',
    summary: 'Check every archived file, and name what is missing or damaged.',
    run: async (context) => (await import('./commands/verify.ts')).runVerify(context),
  },
  {
    name: 'status',
    summary: 'Say how much is archived, what is not, and how the last runs ended.',
    run: async (context) => (await import('./commands/status.ts')).runStatus(context),
  },
  {
    name: 'list',
    summary: 'List originals and media with where they stand and why.',
    run: async (context) => (await import('./commands/list.ts')).runList(context),
  },
  {
    name: 'retry',
    summary: 'Give failed and quarantined originals a fresh start in the next sync.',
    argument: { name: '[mediaId...]', help: 'Only those of these media.' },
    run: async (context) => (await import('./commands/retry.ts')).runRetry(context),
  },
  {
    name: 'login',
    summary: 'Store the credentials of a provider, read from standard input or a file and checked first.',
    argument: { name: '<provider>', help: 'Whose credentials.', choices: ['gopro'] },
    run: async (context) => (await import('./commands/login.ts')).runLogin(context),
  },
  {
    name: 'doctor',
    summary: 'Check network, credentials, clock, home and archive, and say what to do about what is wrong.',
    run: async (context) => (await import('./commands/doctor.ts')).runDoctor(context),
  },
  {
    name: 'demo',
    summary: 'Archive a small simulated library, to see how it works. Needs no account.',
    argument: { name: '[folder]', help: 'Where to put the archive; absent: a temporary directory.' },
    run: async (context) => (await import('./commands/demo.ts')).runDemo(context),
  },
  {
    name: 'simulate',
    summary: 'Run a simulated cloud to try Cloud Sync against, until Ctrl-C.',
    argument: { name: '<provider>', help: 'Which cloud.', choices: ['gopro'] },
    run: async (context) => (await import('./commands/simulate.ts')).runSimulate(context),
  },
  {
    name: 'aws run',
    summary: 'Start a run of the service; with --follow, watch it and end with its exit code.',
    run: async (context) => (await import('./commands/aws/run.ts')).runAwsRun(context),
  },
  {
    name: 'aws status',
    summary: 'Say how the last runs ended, what is archived, who is at work and how old the credentials are.',
    run: async (context) => (await import('./commands/aws/status.ts')).runAwsStatus(context),
  },
  {
    name: 'aws failures',
    summary: 'List what is not archived because it failed, with the reason and the next attempt.',
    run: async (context) => (await import('./commands/aws/failures.ts')).runAwsFailures(context),
  },
  {
    name: 'aws retry',
    summary: 'Give failed and quarantined originals a fresh start in the next run.',
    argument: { name: '[mediaId...]', help: 'Only those of these media.' },
    run: async (context) => (await import('./commands/aws/retry.ts')).runAwsRetry(context),
  },
  {
    name: 'aws logs',
    summary: 'Print what the functions of the service logged in a run.',
    run: async (context) => (await import('./commands/aws/logs.ts')).runAwsLogs(context),
  },
];
