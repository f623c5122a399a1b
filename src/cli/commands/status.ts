import { clean, jsonLine } from '../../lib/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { alwaysRoles, type Role } from '../../media.ts';
import { count, formatBytes, formatDuration } from '../../report/figures.ts';
import type { RunRecord, Tally } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { openTracked } from '../tracked.ts';

const everyRole: readonly Role[] = ['source', 'raw', 'edit', 'sidecar'];
const runsShown = 5;

export async function runStatus({ config, log, stdout }: Context): Promise<number> {
  await using archive = await openTracked(config, log);
  const { tracker, destination } = archive;
  // Nobody misses edits that were never asked for: a medium is complete with its originals.
  const { media, mediaComplete } = await tracker.tally(alwaysRoles);
  const tally = { ...(await tracker.tally(everyRole)), media, mediaComplete };
  const runs = await tracker.runs(runsShown);
  const freeBytes = await destination.freeBytes();
  if (config.settings.json) {
    const lastRuns = runs.map(({ id, startedAt, finishedAt, outcome }) => ({ id, startedAt, finishedAt, outcome }));
    stdout.write(jsonLine({ destination: destination.location, archiveId: tracker.archiveId, ...tally, freeBytes, lastRuns }));
    return 0;
  }
  const rows = [
    ['Archive', `${destination.location} (${tracker.archiveId})`],
    ['Free', freeBytes === null ? '' : formatBytes(freeBytes)],
    ['Media', mediaLine(tally)],
    ['Files', filesLine(tally)],
    [
      'Found by verify',
      tally.marked === 0 ? '' : `${count(tally.marked, 'file')} missing or damaged; the next \`sync\` fetches them again`,
    ],
    ...runs.map((run, index) => [index === 0 ? 'Last runs' : '', runLine(run)] as const),
    ['Next', nextStep(tally, runs)],
  ].filter(([, text]) => text !== '');
  stdout.write(rows.map(([label = '', text = '']) => `${label.padEnd(16)} ${clean(text)}\n`).join(''));
  return 0;
}

function listed(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `, ${number.toLocaleString('en')} ${word}`)
    .join('');
}

function mediaLine({ media, mediaComplete }: Tally): string {
  const total = Object.values(media).reduce((sum, number) => sum + number, 0);
  const others = listed([
    [media.LISTED, 'not looked at yet'],
    [media.WAITING, 'waiting'],
    [media.FAILED, 'failed'],
    [media.QUARANTINED, 'quarantined'],
    [media.SOURCE_DELETED, 'deleted at the source'],
  ]);
  return `${count(total, 'medium', 'media')}: ${mediaComplete.toLocaleString('en')} complete${others}`;
}

function filesLine({ originals, archivedBytes, waiting }: Tally): string {
  const open = originals.PENDING + originals.IN_PROGRESS;
  const others = listed([
    [open, 'to do'],
    [waiting, 'waiting'],
    [originals.FAILED, 'failed'],
    [originals.QUARANTINED, 'quarantined'],
    [originals.SOURCE_DELETED, 'deleted at the source'],
  ]);
  return `${count(originals.COMPLETED, 'file')} archived, ${formatBytes(archivedBytes)}${others}`;
}

function runLine({ startedAt, finishedAt, outcome }: RunRecord): string {
  const agoMs = systemClock.now() - Date.parse(startedAt);
  const took = finishedAt === null ? '' : `, took ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}`;
  return `${startedAt} (${formatDuration(Math.max(0, agoMs))} ago): ${outcome ?? 'not finished'}${took}`;
}

function nextStep({ originals, media, marked }: Tally, runs: readonly RunRecord[]): string {
  const quarantined = originals.QUARANTINED + media.QUARANTINED;
  const failed = originals.FAILED + media.FAILED;
  if (quarantined > 0) return '`cloud-sync list --status quarantined` tells why, `cloud-sync retry` gives them a fresh start';
  if (failed > 0) return '`cloud-sync list --status failed` tells why, `cloud-sync sync` tries again';
  if (marked > 0 || originals.PENDING + originals.IN_PROGRESS + media.LISTED > 0) return 'run `cloud-sync sync` to go on';
  return runs.length === 0 ? 'run `cloud-sync sync` to fill it' : '';
}
