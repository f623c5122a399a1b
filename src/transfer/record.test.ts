import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimed, listAll, usual } from '../../test/conformance/tracker/fixtures.ts';
import { medium, offered } from '../../test/support/builders.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../lib/clock.ts';
import { foldKey } from '../media.ts';
import type { Resolution } from '../source/source.ts';
import { openSqliteTracker } from '../tracker/sqlite/index.ts';
import { recordResolution, rekey } from './record.ts';

const filename = 'GX010001.MP4';

/** Two media whose ids differ in letter case only. */
const ids = ['AbCd', 'aBcD'];

/** Opens a tracker that has listed these media. */
async function openTracker() {
  const temp = await makeTempDir();
  const tracker = await openSqliteTracker({ path: join(temp.path, 'tracker.db'), archiveId: 'a', clock: systemClock });
  await listAll(
    tracker,
    'run-1',
    ids.map((id) => medium(id, { filename })),
  );
  return {
    tracker,
    record: async (id: string) =>
      recordResolution({ tracker, roles: usual }, (await tracker.medium(id))!, resolutionOf(id), compared),
    [Symbol.asyncDispose]: async () => {
      await tracker.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** A resolve of a medium with one file. */
function resolutionOf(mediaId: string): Resolution {
  return { originals: [offered(mediaId)], unavailable: 0, outOfScope: false };
}

const compared = { replaced: [], proven: true };

test('two media whose ids differ only in letter case get two keys, even if they are recorded at the same time', async () => {
  await using opened = await openTracker();
  const { record } = opened;
  const rows = await Promise.all(ids.map(record));
  const keys = rows.flat().map(({ original }) => foldKey(original.key));
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(2);
});

test('two originals whose next revisions would share a name get two keys, even if both are named at the same time', async () => {
  await using opened = await openTracker();
  const { tracker, record } = opened;
  const claims = [];
  for (const id of ids) {
    const [row] = await record(id);
    claims.push({ row: row!, claim: await claimed(tracker, row!.original) });
  }
  const revised = await Promise.all(
    claims.map(async ({ row: { original }, claim }) => {
      const { medium: owner } = (await tracker.medium(original.mediaId))!;
      return rekey({ tracker }, claim, owner, original);
    }),
  );
  expect(revised.map(({ tracked }) => tracked.original.revision)).toEqual([2, 2]);
  expect(new Set(revised.map(({ tracked }) => foldKey(tracked.original.key))).size).toBe(2);
});
