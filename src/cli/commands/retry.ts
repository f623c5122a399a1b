import type { Context } from '../command.ts';
import { describeRetried, retryMedia } from '../retrying.ts';
import { openTracked } from '../archive/tracked.ts';

export async function runRetry({ config, log, stdout, arguments: mediaIds }: Context): Promise<number> {
  await using archive = await openTracked(config, log);
  const retried = await retryMedia(archive.tracker, mediaIds, '`cloud-sync list --status failed,quarantined`');
  const next = describeRetried(retried, 'the next `cloud-sync sync`');
  stdout.write(config.settings.json ? `${JSON.stringify({ retried })}\n` : `${next}\n`);
  return 0;
}
