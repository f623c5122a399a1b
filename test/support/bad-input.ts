/** Tests that the answer to bad input names the mistake and the next step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGoproCloud } from '../../src/sim/gopro/index.ts';
import { runCli, temporaryDirectory } from './cli-process.ts';

export const token = 'a-token-that-nobody-accepts-0123456789';
export const signedIn = { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: token };

/**
 * One case. In its texts `{dir}` stands for a temporary directory. `{api}` stands for the address
 * of a cloud that refuses the access token `token`.
 */
export interface BadInput {
  readonly what: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The text of the file config.toml. */
  readonly config?: string;
  readonly exitCode: number;
  /** Texts that the output must contain, from the message and from the next step. */
  readonly says: readonly string[];
}

export function badInputTests(cases: readonly BadInput[]): void {
  describe('bad input ends with a message that names the mistake and the next step', () => {
    test.each(cases)('$what ends with exit code $exitCode', async ({ args, environment = {}, input, config, exitCode, says }) => {
      await using cloud = await startGoproCloud({ preset: 'empty' });
      const dir = temporaryDirectory();
      const home = temporaryDirectory();
      writeFileSync(join(dir, 'file'), '');
      if (config !== undefined) writeFileSync(join(home, 'config.toml'), config);
      const fill = (word: string) => word.replaceAll('{dir}', dir).replaceAll('{api}', cloud.apiUrl);
      const filled = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]));

      const result = await runCli(args.map(fill), {
        environment: { CLOUD_SYNC_HOME: home, ...filled },
        ...(input !== undefined && { input }),
      });
      expect(result).toMatchObject({ exitCode, stdout: expect.not.stringMatching(/^archived /m) });
      expect(result.stderr).toMatch(/^error: .+\n {7}.+/m);
      for (const part of says) expect(result.stderr).toContain(fill(part));
      expect(result.stderr + result.stdout).not.toContain(token);
      expect(cloud.stats().cdnBytesSent).toBe(0);
    });
  });
}
