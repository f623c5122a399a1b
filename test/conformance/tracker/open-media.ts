import { expect } from 'vitest';
import type { Original } from '../../../src/media.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { archive, claimed, failure, idOf, listAll, openIds, resolve, usual, whole, withEdits, type Check } from './fixtures.ts';
import { collect } from '../../support/collect.ts';
import { medium, original } from '../../support/builders.ts';

async function shown(tracker: Tracker, ...query: Parameters<Tracker['rows']>): Promise<Record<string, string[]>> {
  const rows = await collect(tracker.rows(...query));
  return Object.fromEntries(rows.map((row) => [row.tracked.medium.id, row.originals.map((found) => found.status).toSorted()]));
}

export function openMediaTests(check: Check): void {
  check('LISTED, WAITING and FAILED media are open, but QUARANTINED and SOURCE_DELETED media are not', async ({ tracker }) => {
    await archive(tracker, 'done');
    await tracker.recordPage(
      [medium('listed'), medium('waiting', { ready: false }), medium('failed'), medium('quarantined'), medium('deleted')],
      'r1',
    );
    await tracker.failMedium('failed', failure);
    await tracker.failMedium('quarantined', { ...failure, quarantineAfter: 1 });
    await tracker.vanish('deleted', 'gone');
    expect(await openIds(tracker)).toEqual(['failed', 'listed', 'waiting']);
  });

  check('a resolved medium is open for roles that it was not resolved for', async ({ tracker }) => {
    await resolve(tracker, 'nothing in scope', []);
    await archive(tracker, 'usual');
    await resolve(tracker, 'all', [], withEdits);
    expect(await openIds(tracker, usual)).toEqual([]);
    expect(await openIds(tracker, ['source'])).toEqual([]);
    expect(await openIds(tracker, withEdits)).toEqual(['nothing in scope', 'usual']);
  });

  check('resolved media are open if an original in a requested role is open', async ({ tracker }) => {
    const add = async (id: string, fields: Partial<Original> = {}) => {
      await resolve(tracker, id, [original(id, fields)], withEdits);
      return original(id, fields);
    };
    await add('pending');
    await add('pending edit', { role: 'edit' });
    await claimed(tracker, await add('busy'));
    await tracker.fail(await claimed(tracker, await add('failed')), failure);
    await tracker.fail(await claimed(tracker, await add('quarantined')), { ...failure, quarantineAfter: 1 });
    await archive(tracker, 'missing');
    await tracker.setMark(idOf(original('missing')), 'MISSING');
    expect(await openIds(tracker)).toEqual(['busy', 'failed', 'missing', 'pending']);
    expect(await openIds(tracker, withEdits)).toEqual(['busy', 'failed', 'missing', 'pending', 'pending edit']);
  });

  check('a damaged file does not keep a medium open after a later revision is archived', async ({ tracker }) => {
    const [first, second] = [original('m1'), original('m1', { revision: 2 })];
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(first), 'DAMAGED');
    await resolve(tracker, 'm1', [first, second]);
    expect(await openIds(tracker)).toEqual(['m1']);
    await tracker.complete(await claimed(tracker, second), whole);
    expect(await openIds(tracker)).toEqual([]);
  });

  check('a gone medium is not open, even with unfinished originals', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(original('m1')), 'MISSING');
    await resolve(tracker, 'm2', [original('m2')]);
    await listAll(tracker, 'r2', []);
    expect(await openIds(tracker, withEdits)).toEqual([]);
  });

  check('media may change while `openMedia` reads them', async ({ tracker }) => {
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
    await tracker.recordPage(
      ids.map((id) => medium(id)),
      'r1',
    );
    const seen: string[] = [];
    for await (const open of tracker.openMedia(usual)) {
      seen.push(open.medium.id);
      await archive(tracker, open.medium.id);
      await tracker.recordPage([medium(`new ${open.medium.id}`)], 'r1');
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect((await openIds(tracker)).length).toBe(50);
  });

  check('`rows` shows everything, or only the media and originals with one of the given statuses', async ({ tracker }) => {
    await archive(tracker, 'done');
    const files = [original('mixed', { itemNumber: 1 }), original('mixed', { itemNumber: 2 })];
    await resolve(tracker, 'mixed', files);
    await tracker.fail(await claimed(tracker, files[0]!), failure);
    await tracker.recordPage([medium('failed'), medium('listed')], 'r1');
    await tracker.failMedium('failed', failure);
    expect(await shown(tracker)).toEqual({ done: ['COMPLETED'], mixed: ['FAILED', 'PENDING'], failed: [], listed: [] });
    expect(await shown(tracker, ['FAILED'])).toEqual({ mixed: ['FAILED'], failed: [] });
    expect(await shown(tracker, ['COMPLETED', 'LISTED'])).toEqual({ done: ['COMPLETED'], listed: [] });
    expect(await shown(tracker, ['QUARANTINED'])).toEqual({});
    expect(await shown(tracker, [])).toEqual({});
  });
}
