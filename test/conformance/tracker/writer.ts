/**
 * A process for tests to kill. It archives one medium after another in the tracker named on its
 * command line, and prints each acknowledged step.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/lib/clock.ts';
import { openSqliteTracker } from '../../../src/tracker/sqlite/index.ts';
import { claimed, idOf, upload, usual, whole } from './fixtures.ts';
import { medium, original } from '../../support/builders.ts';

const [path, prefix] = process.argv.slice(2) as [string, string];
const tracker = await openSqliteTracker({ path, archiveId: 'archive-1', clock: systemClock });
for (let count = 1; ; count += 1) {
  const mediaId = `${prefix}-${count}`;
  const file = original(mediaId);
  const say = (step: string) => void writeSync(1, `${mediaId} ${step}\n`);
  await tracker.recordPage([medium(mediaId)], prefix);
  say('LISTED');
  await tracker.recordResolution(mediaId, { roles: usual, unavailable: 0, originals: [file] });
  say('PENDING');
  const claim = await claimed(tracker, file);
  say('IN_PROGRESS');
  await tracker.saveUpload(claim, { ...upload, id: idOf(file) });
  await tracker.savePart(claim, { number: 1, sizeBytes: 400, crc32: 1, receipt: '' });
  say('uploading');
  await tracker.recordIntent(claim, whole);
  say('intended');
  await tracker.complete(claim, whole);
  say('COMPLETED');
}
