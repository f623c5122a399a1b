import { CommanderError } from 'commander';
import { loadConfig, type EnvironmentVariables, type Flags } from '../config/load.ts';
import { asSyncError, SyncError } from '../errors.ts';
import { clean, createLog } from '../lib/log.ts';
import type { Command, Streams } from './command.ts';
import { commands } from './commands.ts';
import { addCompletion } from './completion.ts';
import { watchForInterruption } from './interruption.ts';
import { buildProgram, withoutHelpOfUnknownCommand } from './program.ts';

/** Runs the command that `argv` names, and returns the exit code. Never throws. */
export async function main(argv: readonly string[], environment: EnvironmentVariables, streams: Streams): Promise<number> {
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
  environment: EnvironmentVariables,
  streams: Streams,
): Promise<number> {
  const config = await loadConfig(flags, environment);
  const log = createLog((text) => void streams.stderr.write(text));
  for (const warning of config.warnings) log.warn(warning);
  using interruption = watchForInterruption(command.whenInterrupted);
  interruption.beforeForcedExit(({ message }) => log.error(message));
  return await command.run({ ...streams, config, arguments: given, log, interruption });
}

/** Joins commander's message and its suggestion in one line, and adds the hint. */
function usageError({ code, message }: CommanderError, argv: readonly string[]): SyncError {
  const command = namedCommand(argv);
  const text = code === 'commander.help' ? `${command}needs a command` : message;
  const [problem = '', ...rest] = text.replace(/^error: /, '').split('\n');
  const suggestion = rest.map((line) => line.replace(/^\((.*)\)$/, '; $1').replace('Did', 'did')).join('');
  return new SyncError('USAGE', problem + suggestion, { hint: `See \`cloud-sync ${command}--help\`.` });
}

/**
 * Returns the command or group that `argv` names, with a space after it. Returns an empty text if
 * `argv` names none.
 */
function namedCommand(argv: readonly string[]): string {
  const twoWords = argv.slice(0, 2).join(' ');
  const [first = ''] = argv;
  if (commands.some(({ name }) => name === twoWords)) return `${twoWords} `;
  return commands.some(({ name }) => name === first || name.startsWith(`${first} `)) ? `${first} ` : '';
}

function printError(thrown: unknown, environment: EnvironmentVariables, { stderr }: Streams): number {
  const error = asSyncError(thrown);
  createLog((text) => void stderr.write(text)).error(error.message, error.hint);
  if (environment['CLOUD_SYNC_DEBUG']) stderr.write(`${stackOf(error)}\n${stackOf(error.cause)}\n`);
  return error.exitCode;
}

/** Returns the stack of an error. Control characters are escaped, but line ends stay. */
function stackOf(error: unknown): string {
  return error instanceof Error ? clean(error.stack ?? '').replaceAll('\\u000a', '\n') : '';
}

/**
 * Sets `failed` in the result if the output cannot be written, for example to a full disk. The run
 * then continues, and the program fails at its end. A pipe closed by a reader such as `head` is no
 * failure.
 */
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
