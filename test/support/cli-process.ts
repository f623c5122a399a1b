/** Runs the real command line as a process, with its own home and environment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { compileCache } from './cli.ts';

const script = fileURLToPath(new URL('../../bin/cloud-sync.js', import.meta.url));

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The standard input of the process. Default: empty. */
  readonly input?: string;
}

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory that is removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'cloud-sync-test-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Starts the command line with a cache of compiled code, because most homes are new. The process
 * gets no variable from the environment of the tests.
 */
export function startCli(
  args: readonly string[],
  options: CliOptions = {},
): ChildProcess & { readonly result: Promise<CliResult> } {
  // Tests must not use the keychain of their machine.
  const environment = { CLOUD_SYNC_CREDENTIAL_STORE: 'file', NODE_COMPILE_CACHE: compileCache, ...options.environment };
  const child = spawn(process.execPath, [script, ...args], { env: environment, stdio: 'pipe' });
  // Ignores this error: a command that does not read its input may end before the input is written.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const result = Promise.all([exited, text(child.stdout), text(child.stderr)]).then(([exitCode, stdout, stderr]) => ({
    exitCode,
    stdout,
    stderr,
  }));
  return Object.assign(child, { result });
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).result;
}
