import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { printable } from '../../lib/log.ts';
import { startGoproCloud } from '../../sim/gopro/index.ts';
import type { Context } from '../command.ts';
import { drawTree } from '../output/tree.ts';
import { runSync } from './sync.ts';
import { runVerify } from './verify.ts';

/** Syncs a simulated cloud, verifies the archive and syncs again. The demo has its own home. */
export async function runDemo(context: Context): Promise<number> {
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'cloud-sync-demo-')));
  const home = join(temporary, 'home');
  const folder = resolve(context.arguments[0] ?? join(temporary, 'archive'));
  await using cloud = await startGoproCloud({ preset: 'small' });
  try {
    const { quiet } = context.config.settings;
    // The simulator needs no pacing, and the person who watches the demo should not have to wait.
    const flags = { to: folder, home, quiet, 'api-rps': '40', 'gopro-api-url': cloud.apiUrl };
    const secrets = { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken, CLOUD_SYNC_GOPRO_USER_ID: cloud.userId };
    const steps = { ...context, config: await loadConfig(flags, secrets), arguments: [] };
    const say = (text: string) => void (quiet || context.stdout.write(text));

    say(
      `A simulated GoPro cloud with ${cloud.library.size} media runs at ${cloud.apiUrl}.\n\n1. Archive it: cloud-sync sync --to ${printable(folder)}\n\n`,
    );
    const first = await runSync(steps);
    if (first !== 0) return first;
    say('\n2. Read every archived byte back: cloud-sync verify\n\n');
    const verified = await runVerify(steps);
    if (verified !== 0) return verified;
    say(
      `\n3. Look at the archive:\n\n${printable(folder)}\n${await drawTree(folder)}\n4. Run it again: every file is already there.\n\n`,
    );
    const second = await runSync(steps);
    say(`\nThe archive stays in ${printable(folder)}.\n`);
    return second;
  } finally {
    await rm(home, { recursive: true, force: true });
    if (context.arguments[0] !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}
