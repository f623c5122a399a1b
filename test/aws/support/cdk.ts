import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { path, repository } from '../../support/foreign-program.ts';

/** The name of the environment that tests deploy. */
export const stage = 'dev';

/**
 * Runs the real CDK tool with a time limit, because the tool can hang for ever on a resource that
 * the emulator does not know.
 */
export async function cdk(
  args: readonly string[],
  options: { readonly home: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<void> {
  const { home, environment } = options;
  const command = [join(repository, 'node_modules/aws-cdk/bin/cdk'), '--no-notices', ...args];
  const env = { PATH: path, HOME: home, TMPDIR: home, CI: 'true', ...environment };
  const running = promisify(execFile)(process.execPath, command, {
    cwd: repository,
    env,
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  await running.catch((error: Error & { readonly stdout: string; readonly stderr: string }) => {
    const said = [error.stdout, error.stderr].map((text) => text.slice(-6_000)).join('\n');
    throw new Error(`cdk ${args[0]} failed: ${said}`);
  });
}
