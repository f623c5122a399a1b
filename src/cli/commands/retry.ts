import type { Context } from '../command.ts';
import { describeRetry, retryMedia } from '../archive/retry-media.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runRetry(context: Context): Promise<number> {
  const { config, stdout, arguments: names } = context;
  await using ledger = await openLedger(context);
  const reset = await retryMedia(ledger.tracker, names, '`cloud-sync list --status failed,quarantined,accepted`');
  const next = describeRetry(reset, 'the next `cloud-sync sync`');
  stdout.write(config.settings.json ? `${JSON.stringify({ retried: reset.retried })}\n` : `${next}\n`);
  return 0;
}
