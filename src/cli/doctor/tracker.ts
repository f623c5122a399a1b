/** Checks and repairs the tracker of an archive. */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import type { Report } from '../../events.ts';
import { ageMs, isoTime, systemClock } from '../../lib/clock.ts';
import { allRoles } from '../../media.ts';
import { count, formatDuration } from '../../report/figures.ts';
import { leaseArchive } from '../../run/lease-archive.ts';
import { adoptUnknown, recover } from '../../run/recover.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { locationOf, parsePlace } from '../archive/archive-place.ts';
import { isPlainId, readKnownArchives, rememberArchive, trackerPath } from '../archive/known-archives.ts';
import { leaseSettings } from '../archive/lease-settings.ts';
import { identifyArchive } from '../archive/open-archive.ts';
import { openDestination } from '../archive/open-destination.ts';
import type { Context } from '../command.ts';
import { check, type Finding } from './finding.ts';

type Found = Omit<Finding, 'subject'>;

/** Reads the tracker of a known archive in full. Changes nothing. */
export async function checkTracker(config: Config): Promise<readonly Finding[]> {
  const { settings, home } = config;
  if (settings.tracker !== 'sqlite' || settings.to === undefined) return [];
  return check('tracker', async () => {
    const location = await locationOf(parsePlace(settings.to), settings['s3-endpoint']);
    const archiveId = readKnownArchives(home)[location];
    if (archiveId === undefined || !isPlainId(archiveId)) return [];
    return inspect(await trackerPath(home, archiveId), settings.to!);
  });
}

async function inspect(path: string, to: string): Promise<readonly Found[]> {
  const [{ inspectTracker }, { backupTime }] = await Promise.all([
    import('../../tracker/sqlite/inspect.ts'),
    import('../../tracker/sqlite/backup.ts'),
  ]);
  const madeAtMs = backupTime(path);
  const ageOfBackupMs = madeAtMs === undefined ? undefined : ageMs(isoTime(madeAtMs), systemClock.now());
  const backup = ageOfBackupMs === undefined ? 'it has no backup yet' : `its backup is ${formatDuration(ageOfBackupMs)} old`;
  const state = inspectTracker(path);
  if (state === 'sound') return [{ level: 'ok', message: `${path} is sound; ${backup}` }];
  const advice = `Run \`cloud-sync doctor --repair --to ${to}\`.`;
  const [level, problem] = state === 'absent' ? (['warn', 'missing'] as const) : (['fail', 'damaged'] as const);
  return [{ level, message: `${path} is ${problem}; ${backup}`, advice }];
}

/**
 * Repairs the tracker: reads it in full, sets a damaged one aside, puts a backup in its place, and
 * adopts every described file of the archive that it lacks. Changes no archived file.
 */
export async function repairTracker(context: Context): Promise<readonly Finding[]> {
  const { config, interruption } = context;
  return check('repair', async () => {
    const findings: Found[] = [];
    const warn = (message: string) => void findings.push({ level: 'warn', message });
    const place = parsePlace(config.settings.to);
    const location = await locationOf(place, config.settings['s3-endpoint']);
    const destination = await openDestination(place, config, warn);
    try {
      const known = readKnownArchives(config.home);
      const archiveId = await identifyArchive(destination, { location, known, onWarning: warn });
      if (archiveId === undefined) throw new SyncError('USAGE', `${destination.location} is no archive`);
      const path = await trackerPath(config.home, archiveId);
      const hadFile = existsSync(path);
      const { openSqliteTracker } = await import('../../tracker/sqlite/index.ts');
      const tracker = await openSqliteTracker({ path, archiveId, clock: systemClock, onWarning: warn, repairs: true });
      try {
        if (!hadFile)
          warn(
            `the tracker ${path} was missing; it is rebuilt from ${(await tracker.knownCount()) > 0 ? 'its backup and ' : ''}the archive`,
          );
        findings.push(await adoptAll({ destination, tracker }, context, interruption.signal));
        await rememberArchive(config.home, location, archiveId);
      } finally {
        await tracker.close();
      }
    } finally {
      await destination.close();
    }
    return findings;
  });
}

/** Adopts the files of the archive that the tracker does not know, under the archive's lease. */
async function adoptAll(
  { destination, tracker }: { readonly destination: Destination; readonly tracker: Tracker },
  { config, log }: Context,
  signal: AbortSignal,
): Promise<Found> {
  let learned = 0;
  const report: Report = (event) => {
    if (event.type === 'archive.adopted') learned += event.files;
  };
  const ports = { destination, tracker, clock: systemClock, report };
  await using leased = await leaseArchive(ports, leaseSettings(config, log), { exclusive: 'if writable', signal });
  const leasedPorts = { ...ports, destination: leased.destination };
  await recover(leasedPorts, { publish: false });
  const known = new Set<string>();
  for await (const { originals } of tracker.rows(['COMPLETED'])) for (const { original } of originals) known.add(original.key);
  await adoptUnknown(leasedPorts, known);
  const files = (await tracker.tally(allRoles)).originals.COMPLETED;
  const news = learned === 0 ? 'it knew every file of the archive' : `${count(learned, 'file')} came from the archive`;
  return { level: 'ok', message: `the tracker is sound and knows ${count(files, 'archived file')}; ${news}` };
}
