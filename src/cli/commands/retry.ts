import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';
import type { Context } from '../command.ts';
import { openTracked } from '../tracked.ts';

export async function runRetry({ config, log, stdout, arguments: mediaIds }: Context): Promise<number> {
  await using archive = await openTracked(config, log);
  for (const mediaId of mediaIds) {
    if (await archive.tracker.medium(mediaId)) continue;
    throw new SyncError('USAGE', `the archive knows no medium ${mediaId}`, {
      hint: '`cloud-sync list --status failed,quarantined` shows the ids.',
    });
  }
  const retried = await archive.tracker.retry(mediaIds.length > 0 ? mediaIds : undefined);
  const next =
    retried === 0
      ? 'Nothing had failed.'
      : `${count(retried, 'entry', 'entries')} will be tried afresh by the next \`cloud-sync sync\`.`;
  stdout.write(config.settings.json ? `${JSON.stringify({ retried })}\n` : `${next}\n`);
  return 0;
}
