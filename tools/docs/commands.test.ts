import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { shellWords } from '../../src/cli/login/shell-words.ts';
import { addCompletion } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { environmentName, options } from '../../src/config/options.ts';
import { codeSpans, pages, root, shellCommands, type Quote } from './pages.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const programPattern = /^(?:npx )?cloud-sync /;
/**
 * Matches the error for a missing argument. The test of sentences ignores this error, because a
 * sentence may leave the arguments out.
 */
const lacksArgument = /: commander\.(?:missingArgument|optionMissingArgument) /;
const folders = /^(?:bin|src|test|tools|docs|bench|infra)\//;

/** Parses a Cloud Sync command line without running it. Returns the error, or undefined. */
async function judge(text: string): Promise<string | undefined> {
  const args = shellWords(text.replace(programPattern, ''));
  const program = buildProgram(async (_command, flags) => void (await loadConfig(flags, { CLOUD_SYNC_HOME: '/nowhere' })), {
    stdout: { write: () => true } as unknown as NodeJS.WriteStream,
  });
  await addCompletion(program, undefined);
  try {
    await program.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return error instanceof CommanderError ? `${error.code} ${error.message}` : String(error);
  }
}

/** The errors of all quotes. Each error names the page. */
async function judgeAll(quotes: readonly Quote[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { page, text } of quotes) {
    const problem = await judge(text);
    if (problem !== undefined) problems.push(`${page}: ${text}: ${problem}`);
  }
  return problems;
}

/** Returns the scripts and files that the command names and that do not exist. */
function missingParts(text: string): string[] {
  const words = shellWords(text);
  const [program = '', second = '', third = ''] = words;
  if (program === 'npm' && second === 'run') return Object.hasOwn(scripts, third) ? [] : [`script ${third}`];
  if (program === 'npm' && second === 'test') return Object.hasOwn(scripts, second) ? [] : ['script test'];
  const paths = words.filter((word) => folders.test(word));
  // Without npx only the first path must exist, because the script may write the files in its
  // arguments.
  const needed = program === 'npx' ? paths : paths.slice(0, 1);
  return needed.filter((path) => !existsSync(join(root, path)));
}

describe('the commands and names on the pages', () => {
  const commands = shellCommands();
  const spans = codeSpans();

  test('the program accepts every Cloud Sync command in a shell block', async () => {
    const ours = commands.filter(({ text }) => programPattern.test(text));
    expect(ours.length).toBeGreaterThan(10);
    expect(await judgeAll(ours)).toEqual([]);
  });

  test('the program accepts every Cloud Sync command in a sentence', async () => {
    const ours = spans.filter(({ text }) => programPattern.test(text) && !/ [A-Z]+ --help$/.test(text));
    expect(ours.length).toBeGreaterThan(10);
    const problems = await judgeAll(ours);
    expect(problems.filter((problem) => !lacksArgument.test(problem))).toEqual([]);
  });

  test('every npm script, folder and file in a command exists', () => {
    const all = [...commands, ...spans.filter(({ text }) => /^(?:npm|npx|node|bash) /.test(text))];
    const problems = all.flatMap(({ page, text }) => missingParts(text).map((part) => `${page}: ${text}: no ${part}`));
    expect(problems).toEqual([]);
  });

  test('every option in a sentence exists', () => {
    // Skips the pages of the bench, which has its own options. `require-approval` is an option of
    // cdk.
    const known = new Set(['help', 'version', 'require-approval', ...options.map(({ name }) => name)]);
    const flags = spans
      .filter(({ page }) => !page.startsWith('bench/'))
      .flatMap(({ page, text }) => (/^--[a-z]/.test(text) ? [{ page, flag: text.split(/[ =]/)[0] ?? '' }] : []));
    expect(flags.length).toBeGreaterThan(5);
    expect(flags.filter(({ flag }) => !known.has(flag.slice(2)))).toEqual([]);
  });

  test('every environment variable on a page exists', () => {
    const known = new Set([
      ...options.map(environmentName),
      'CLOUD_SYNC_DEBUG',
      'CLOUD_SYNC_STORM_ROUNDS',
      'CLOUD_SYNC_TEST_SEED',
    ]);
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bCLOUD_SYNC_[A-Z_]+\b/g)].map(([name]) => `${path}: ${name}`),
    );
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((entry) => !known.has(entry.split(': ')[1] ?? ''))).toEqual([]);
  });
});
