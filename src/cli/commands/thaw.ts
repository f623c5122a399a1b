import type { ThawTier } from '../../media.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseFilters } from '../../plan/filter.ts';
import { count } from '../../report/figures.ts';
import { thaw } from '../../run/thaw.ts';
import type { ThawPlan } from '../../run/thaw/plan-thaw.ts';
import { parsePlace } from '../archive/archive-place.ts';
import { openToRead } from '../archive/open-to-read.ts';
import { noteThaw } from '../archive/thaw-notes.ts';
import type { Context } from '../command.ts';
import { reportRun } from '../output/report-run.ts';

/** Asks the store of an archive to thaw files. Reads no tracker. */
export async function runThaw(context: Context): Promise<number> {
  const { config, log, interruption } = context;
  const { settings } = config;
  const place = parsePlace(settings.from, '--from');
  if (place.kind === 'directory') {
    const hint = 'Only objects in archive classes of S3 have to be thawed.';
    throw new SyncError('USAGE', `--from ${place.path}: files in a directory can always be read`, { hint });
  }
  const filters = parseFilters(settings);
  const tier = settings.tier as ThawTier;
  const { days } = settings;
  return reportRun(context, 'thaw', async (report) => {
    const archive = await openToRead(place, config, report);
    try {
      const finished = await thaw(
        { archive, thawing: archive.thawing!, clock: systemClock, report, confirm: async (plan) => confirm(plan, context) },
        {
          filters: Object.keys(filters).length === 0 ? undefined : filters,
          words: context.arguments,
          tier,
          days,
          dryRun: settings['dry-run'],
          signal: interruption.signal,
        },
      );
      const { asked = 0, bytes = 0, usd = 0, hours = 0 } = finished.thawed ?? {};
      if (asked > 0) {
        const note = { askedAt: new Date(systemClock.now()).toISOString(), tier, days, files: asked, bytes, usd, hours };
        await noteThaw(config.home, (await archive.identify())!, note, log.warn);
      }
      return finished;
    } finally {
      await archive.close();
    }
  });
}

/** Errors: USAGE if nobody can answer. */
async function confirm({ frozen, groups }: ThawPlan, context: Context): Promise<boolean> {
  const { config, stdin, stderr, interruption } = context;
  const { tier, yes } = config.settings;
  if (yes) return true;
  const prices = groups.map(({ tiers }) => tiers[tier as ThawTier]?.usd);
  const usd = prices.every((price) => price !== undefined) ? prices.reduce((sum, price) => sum + price, 0) : undefined;
  const price = usd === undefined ? 'at a price that is not known' : `for about ${usd.toFixed(2)} USD`;
  const what = `thaw ${count(frozen.length, 'file')} ${price}`;
  if (!stdin.isTTY) {
    const hint = 'Nothing was asked for. Add --yes to spend this without a question.';
    throw new SyncError('USAGE', `there is no terminal to ask whether to ${what}`, { hint });
  }
  const { promptYes } = await import('../prompt.ts');
  return promptYes(`Ask the store to ${what}?`, { stdin, stderr, signal: interruption.signal });
}
