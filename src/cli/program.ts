/**
 * Builds commander's program from the tables of commands and options. The values of options are
 * parsed later, together with the values from the environment and config.toml.
 */
import { readFileSync } from 'node:fs';
import { Argument, Command as Commander, Option } from 'commander';
import { flagsOf } from '../config/options.ts';
import type { OptionSpec } from '../config/options/spec.ts';
import type { Flags } from '../config/load.ts';
import type { Command, Streams } from './command.ts';
import { commandGroups, commands } from './commands.ts';

/** Runs the command that the person chose. */
export type RunCommand = (command: Command, flags: Flags, given: readonly string[]) => Promise<void>;

/**
 * Builds the program. On an error it throws CommanderError, prints nothing and does not end the
 * process.
 */
export function buildProgram(run: RunCommand, { stdout }: Pick<Streams, 'stdout'>): Commander {
  const program = new Commander('cloud-sync');
  program
    .description('Archives and verifies every original of a cloud library, on a disk or in an S3 bucket that you own.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => void stdout.write(text), writeErr: () => {} })
    .exitOverride();
  for (const command of commands) parentOf(program, command).addCommand(buildCommand(program, command, run));
  return program;
}

/**
 * Returns the group of a command of two words, and adds the group if it is new. Returns the program
 * for a command of one word.
 */
function parentOf(program: Commander, { name }: Command): Commander {
  const group = commandGroups.find((group) => name.startsWith(`${group.name} `));
  if (!group) return program;
  const added = program.commands.find((command) => command.name() === group.name);
  return added ?? program.command(group.name).description(group.summary).helpCommand(false);
}

/**
 * Removes `--help` after an unknown command. Otherwise commander would print the general help and
 * exit with 0.
 */
export function withoutHelpOfUnknownCommand(program: Commander, argv: readonly string[]): string[] {
  return isUnknownCommand(program, argv) ? argv.filter((word) => word !== '--help' && word !== '-h') : [...argv];
}

function isUnknownCommand(parent: Commander, [word = '', ...rest]: readonly string[]): boolean {
  if (parent.commands.length === 0 || word === '' || word.startsWith('-')) return false;
  const named = parent.commands.find((command) => command.name() === word);
  return named === undefined || isUnknownCommand(named, rest);
}

function buildCommand(program: Commander, command: Command, run: RunCommand): Commander {
  const built = program.createCommand(command.name.split(' ').at(-1)).description(command.summary).copyInheritedSettings(program);
  const { argument } = command;
  if (argument) {
    const added = new Argument(argument.name, argument.help);
    built.addArgument(argument.choices ? added.choices(argument.choices) : added);
  }
  for (const spec of flagsOf(command.name).toSorted((a, b) => Number(a.advanced ?? false) - Number(b.advanced ?? false)))
    for (const option of buildOptions(spec)) built.addOption(spec.advanced ? option.helpGroup('Advanced options:') : option);
  built.action(async () => run(command, flagsFrom(built, command), built.args));
  return built;
}

function buildOptions(spec: OptionSpec): readonly Option[] {
  // With the opposite flag a person can overrule a flag from the environment or config.toml. The
  // form without `no-` comes first, because otherwise it is set by default.
  if (isNegative(spec)) return [new Option(`--${positive(spec)}`).hideHelp(), new Option(`--${spec.name}`, spec.help)];
  if (spec.type === 'flag') return [new Option(`--${spec.name}`, spec.help), new Option(`--no-${spec.name}`).hideHelp()];
  const option = new Option(`--${spec.name} <${spec.metavar ?? 'VALUE'}>`, helpOf(spec));
  if (spec.type === 'list')
    option.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
  // Only completions use these choices. `parseValue` checks all values, wherever they come from.
  if (spec.allowed) option.argChoices = [...spec.allowed];
  return [option];
}

function helpOf({ help, default: preset }: OptionSpec): string {
  return preset === undefined || (Array.isArray(preset) && preset.length === 0) ? help : `${help} Default: ${String(preset)}.`;
}

/** Returns the flags of the command line, by their names in the option table. */
function flagsFrom(built: Commander, { name }: Command): Flags {
  const given = built.opts<Record<string, string | boolean | readonly string[] | undefined>>();
  return Object.fromEntries(
    flagsOf(name).map((spec) => {
      const value = given[new Option(`--${positive(spec)}`).attributeName()];
      return [spec.name, isNegative(spec) && value !== undefined ? !value : value];
    }),
  );
}

/** Whether the flag of an option turns something off, such as `--no-prove`. */
function isNegative({ name, type }: OptionSpec): boolean {
  return type === 'flag' && name.startsWith('no-');
}

/** The name of an option without a leading `no-`. */
function positive({ name }: OptionSpec): string {
  return name.replace(/^no-/, '');
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
