import type { Context } from '../command.ts';
import { describeRetry, retryMedia } from '../archive/retry-media.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runRetry(context: Context): Promise<number> {
  const { config, stdout, arguments: mediaIds } = context;
  await using ledger = await openLedger(context);
  const retried = await retryMedia(ledger.tracker, mediaIds, '`cloud-sync list --status failed,quarantined`');
  const next = describeRetry(retried, 'the next `cloud-sync sync`');
  stdout.write(config.settings.json ? `${JSON.stringify({ retried })}\n` : `${next}\n`);
  return 0;
}
