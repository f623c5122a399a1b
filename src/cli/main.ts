import { CommanderError } from 'commander';
import { loadConfig, type Environment, type Flags } from '../config/load.ts';
import { asSyncError, SyncError } from '../errors.ts';
import { clean, createLog } from '../lib/log.ts';
import type { Command, Streams } from './command.ts';
import { commands } from './commands.ts';
import { addCompletion } from './completion.ts';
import { watchForInterruption } from './interruption.ts';
import { buildProgram, withoutHelpOfUnknownCommand } from './program.ts';

/** Runs the command line `argv` (without node and script) and returns the exit code. Never throws. */
export async function main(argv: readonly string[], environment: Environment, streams: Streams): Promise<number> {
  const output = watchOutput(streams);
  let exitCode = 0;
  const run = async (command: Command, flags: Flags, given: readonly string[]) => {
    exitCode = await runCommand(command, flags, given, environment, streams);
  };
  try {
    const program = buildProgram(run, streams);
    await addCompletion(program, argv[0]);
    if (argv.length === 0) {
      program.outputHelp();
      return 2;
    }
    await program.parseAsync(withoutHelpOfUnknownCommand(program, argv), { from: 'user' });
    return exitCode === 0 && output.failed ? 1 : exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    return printError(thrown instanceof CommanderError ? usageError(thrown, argv) : thrown, environment, streams);
  }
}

async function runCommand(
  command: Command,
  flags: Flags,
  given: readonly string[],
  environment: Environment,
  streams: Streams,
): Promise<number> {
  const config = await loadConfig(flags, environment);
  const log = createLog((text) => void streams.stderr.write(text), config.settings);
  for (const warning of config.warnings) log.warn(warning);
  using interruption = watchForInterruption();
  return await command.run({ ...streams, config, arguments: given, log, interruption });
}

/** commander says what is wrong and what was meant; the next step is the same for all of it. */
function usageError({ code, message }: CommanderError, argv: readonly string[]): SyncError {
  const command = namedCommand(argv);
  const said = code === 'commander.help' ? `${command}needs one of its commands` : message;
  const [what = '', ...more] = said.replace(/^error: /, '').split('\n');
  const meant = more.map((line) => line.replace(/^\((.*)\)$/, '; $1').replace('Did', 'did')).join('');
  return new SyncError('USAGE', what + meant, { hint: `See \`cloud-sync ${command}--help\`.` });
}

/** The command or group that was named, with a space behind it; nothing where none was. */
function namedCommand(argv: readonly string[]): string {
  const both = argv.slice(0, 2).join(' ');
  const [first = ''] = argv;
  if (commands.some(({ name }) => name === both)) return `${both} `;
  return commands.some(({ name }) => name === first || name.startsWith(`${first} `)) ? `${first} ` : '';
}

function printError(thrown: unknown, environment: Environment, { stderr }: Streams): number {
  const error = asSyncError(thrown);
  createLog((text) => void stderr.write(text)).error(error.message, error.hint);
  if (environment['CLOUD_SYNC_DEBUG'])
    stderr.write(
      `${clean(error.stack ?? '').replaceAll('\\u000a', '\n')}\n${error.cause instanceof Error ? clean(error.cause.stack ?? '').replaceAll('\\u000a', '\n') : ''}\n`,
    );
  return error.exitCode;
}

/** A run goes on without its output. A reader that has seen enough, such as `head`, is no failure, but a full disk is one. */
function watchOutput({ stdout, stderr }: Streams): { readonly failed: boolean } {
  const output = { failed: false };
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || output.failed) return;
    output.failed = true;
    createLog((text) => void stderr.write(text)).error(`cannot write to standard output: ${error.message}`);
  });
  stderr.on('error', () => {});
  return output;
}
