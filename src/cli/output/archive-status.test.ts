import { expect, onTestFinished, test } from 'vitest';
import { archive, claimed, failure, resolve, withEdits } from '../../../test/conformance/tracker/fixtures.ts';
import { manualClock } from '../../../test/support/manual-clock.ts';
import { medium, original } from '../../../test/support/builders.ts';
import { openSqliteTracker } from '../../tracker/sqlite/index.ts';
import { archiveStatus, mediaLine } from './archive-status.ts';

test('the line about media counts each medium once, whatever its status', async () => {
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock: manualClock(), onWarning: () => {} });
  onTestFinished(() => tracker.close());
  await archive(tracker, 'done', [original('done')]);
  expect(mediaLine(await archiveStatus(tracker))).toBe('1 medium: 1 complete');

  await resolve(tracker, 'failed', [original('failed')]);
  await tracker.fail(await claimed(tracker, original('failed')), failure);
  await resolve(tracker, 'quarantined', [original('quarantined')]);
  await tracker.fail(await claimed(tracker, original('quarantined')), { ...failure, quarantineAfter: 1 });
  await resolve(tracker, 'to-do', [original('to-do')]);
  await tracker.recordPage([medium('listed'), medium('unresolvable')], 'r1');
  await tracker.failMedium('unresolvable', failure);
  expect(mediaLine(await archiveStatus(tracker))).toBe('6 media: 1 complete, 3 incomplete, 1 not resolved yet, 1 failed');

  await resolve(tracker, 'edit', []);
  await resolve(tracker, 'asked-for', [original('asked-for', { role: 'edit' })], withEdits);
  expect(mediaLine(await archiveStatus(tracker))).toBe(
    '6 media: 1 complete, 3 incomplete, 1 not resolved yet, 1 failed; 2 more have only edits or sidecars',
  );
});
