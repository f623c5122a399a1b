import { existsSync } from 'node:fs';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import type { Report } from '../../events.ts';
import { systemClock } from '../../lib/clock.ts';
import { jsonLine } from '../../lib/log.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { csvHeader, csvLines } from '../archive-report/csv.ts';
import { buildReport } from '../archive-report/model.ts';
import { reportPage } from '../archive-report/page.ts';
import { openOutput, type Output } from '../archive-report/output.ts';
import { locationOf, parsePlace } from '../archive/archive-place.ts';
import { isPlainId, readKnownArchives, trackerPath } from '../archive/known-archives.ts';
import { openScratchTracker, openTracker, type TrackerOptions } from '../archive/open-tracker.ts';
import { openToRead } from '../archive/open-to-read.ts';
import type { Context } from '../command.ts';

/** Writes a report about an archive. Changes nothing in the archive. */
export async function runReport(context: Context): Promise<number> {
  const { config, log } = context;
  const { settings, home } = config;
  const { json, csv } = settings;
  if (json && csv) throw new SyncError('USAGE', '--json and --csv exclude each other', { hint: 'Give one of them.' });
  const place = parsePlace(settings.from, '--from');
  await using held = new AsyncDisposableStack();
  const output = held.adopt(await openOutput(context, json ? 'json' : csv ? 'csv' : 'html'), (one) => one.close());
  const warn: Report = (event) => (event.type === 'warning' ? log.warn(event.message, event.hint) : undefined);
  const archive = held.adopt(await openToRead(place, config, warn), (one) => one.close());
  const archiveId = (await archive.identify())!;
  const isKnown = readKnownArchives(home)[await locationOf(place, settings['s3-endpoint'])] === archiveId;
  const path = isKnown && isPlainId(archiveId) ? await trackerPath(home, archiveId) : '';
  const hasTracker = settings.tracker === 'dynamodb' || (path !== '' && existsSync(path));
  const rows = await openRows(archive, hasTracker, config, { archiveId, onWarning: log.warn });
  const tracker = held.adopt(rows, (one) => one.close());
  if (csv) await writeCsv(tracker, output);
  else {
    const options = { place: archive.location, archiveId, hasTracker, nowMs: systemClock.now() };
    const model = await buildReport(tracker.rows(), options);
    await output.write(json ? jsonLine(model) : reportPage(model));
  }
  await output.end();
  return 0;
}

/** Opens the tracker, or a temporary one that knows what the archive describes. */
async function openRows(archive: Destination, hasTracker: boolean, config: Config, options: TrackerOptions): Promise<Tracker> {
  const tracker = await (hasTracker ? openTracker(config, options) : openScratchTracker(options));
  const { forgetsAbsentFiles } = archive;
  if (await tracker.needsAdoption()) await tracker.adopt(archive.list(), { forgetsAbsentFiles });
  return tracker;
}

const maxTextLength = 64 * 1024;

async function writeCsv(tracker: Tracker, output: Output): Promise<void> {
  let text = csvHeader();
  for await (const row of tracker.rows()) {
    for (const line of csvLines(row)) text += line;
    // One write for each line would take most of the time.
    if (text.length < maxTextLength) continue;
    await output.write(text);
    text = '';
  }
  await output.write(text);
}
