import type { Settings } from '../../config/options.ts';
import { SyncError } from '../../errors.ts';
import { parseRolling } from '../../plan/rolling.ts';
import { parsePlace } from './archive-place.ts';

/** The days of `--rolling`; undefined without the option. Errors: USAGE. */
export function rollingDays({ rolling }: Pick<Settings, 'rolling'>): number | undefined {
  return rolling === undefined ? undefined : parseRolling(rolling);
}

/**
 * The days of `--rolling` for `sync`. A run reads no archive on S3 again, because that costs money
 * each time. Errors: USAGE.
 */
export function rollingDaysOfSync(settings: Pick<Settings, 'rolling' | 'to'>): number | undefined {
  const days = rollingDays(settings);
  if (days === undefined || parsePlace(settings.to).kind !== 's3') return days;
  throw new SyncError('USAGE', '--rolling: `sync` does not read an archive on S3 again, because that costs money', {
    hint: `Leave out --rolling, and run \`cloud-sync verify --rolling ${days}d\` when you want it. It shows the price first.`,
  });
}
