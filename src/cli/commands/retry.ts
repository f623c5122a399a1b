import type { Context } from '../command.ts';
import { describeRetry, retryMedia } from '../archive/retry-media.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runRetry({ config, log, stdout, arguments: mediaIds }: Context): Promise<number> {
  await using archive = await openLedger(config, log);
  const retried = await retryMedia(archive.tracker, mediaIds, '`cloud-sync list --status failed,quarantined`');
  const next = describeRetry(retried, 'the next `cloud-sync sync`');
  stdout.write(config.settings.json ? `${JSON.stringify({ retried })}\n` : `${next}\n`);
  return 0;
}
