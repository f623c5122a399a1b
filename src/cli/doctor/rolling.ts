import type { Config } from '../../config/load.ts';
import { count } from '../../report/figures.ts';
import { rollingDays, rollingDaysOfSync } from '../archive/rolling-days.ts';
import { check, type Finding } from './finding.ts';

/** Checks the option `--rolling`, if it is set. */
export async function checkRolling({ settings }: Config): Promise<readonly Finding[]> {
  if (settings.rolling === undefined) return [];
  return check('rolling', async () => {
    const days = settings.to === undefined ? rollingDays(settings) : rollingDaysOfSync(settings);
    return [
      { level: 'ok', message: `no byte of an archive in a directory stays unread for more than ${count(days ?? 0, 'day')}` },
    ];
  });
}
