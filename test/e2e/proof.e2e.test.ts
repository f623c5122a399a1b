/**
 * Compares the bytes that arrive with the ETags of the media host. The simulator serves the ETags
 * that S3 computes for files in parts of different sizes.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { StoredAs } from '../../src/sim/etag.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { video } from '../../src/sim/gopro/library/shapes.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import { eventsOf, type CliRun } from '../support/cli.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openSceneAt, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const mebibyte = 1024 * 1024;

/** Makes films that the provider stored in parts of `partMebibytes` (null: in one piece). */
function filmMaker(seed: string) {
  const maker = createMediaMaker(seed);
  return (partMebibytes: number | null, sizeMebibytes: number, encryption?: StoredAs['encryption']): SimMedium => {
    const partBytes = partMebibytes === null ? null : partMebibytes * mebibyte;
    const stored = [{ partBytes, ...(encryption && { encryption }) }];
    return video({ ...maker.spec('MP4'), stored }, Math.round(sizeMebibytes * mebibyte));
  };
}

/** A wrong byte in the middle of a film's second third. */
function wrongByte({ id }: SimMedium, match: Fault['match'] = {}): Fault {
  return {
    match: { host: 'cdn', method: 'GET', mediaId: id, byte: 'middle', ...match },
    action: { type: 'corrupt', at: 'middle' },
  };
}

function proofs(run: CliRun): Record<string, string> {
  return Object.fromEntries(eventsOf(run, 'file.archived').map(({ mediaId, proof }) => [mediaId, proof]));
}

function proofsOf(run: CliRun, media: readonly SimMedium[]): (string | undefined)[] {
  const all = proofs(run);
  return media.map(({ id }) => all[id]);
}

/** The bytes of each film that the media host sent. */
function sentBytes({ cloud }: Scene, { id }: SimMedium): number {
  const replies = cloud.requests.filter(({ host, method, mediaId }) => host === 'cdn' && method === 'GET' && mediaId === id);
  return replies.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** Marks an archived film as suspect, as `verify` does. */
async function suspect({ home }: Scene, { id }: SimMedium): Promise<void> {
  const [archiveId = ''] = await readdir(join(home, 'archives'));
  const path = join(home, 'archives', archiveId, 'tracker.sqlite');
  const tracker = await openSqliteTracker({ path, archiveId, clock: systemClock });
  for (const row of await tracker.originals(id)) await tracker.recordCheck(row.id, { mark: 'SUSPECT', hasReadBytes: true });
  await tracker.close();
}

describe.each(placeKinds)('in an archive on %s', (kind) => {
  test('films in parts of every shape are proven', async () => {
    const film = filmMaker('shapes');
    const media = [
      film(null, 1),
      film(100, 0.1),
      film(100, 18),
      film(null, 18),
      film(5, 40),
      film(20, 45),
      film(8, 17),
      film(64, 65),
    ];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(media.map(() => 'proven'));
    expect(run.finished.files).toMatchObject({ archived: media.length, proven: media.length, disputed: 0 });
    await scene.expectComplete();
  });

  test('a film with one wrong byte is fetched once more, and the right bytes are archived', async () => {
    const film = filmMaker('once');
    const media = [film(20, 21), film(20, 21), film(100, 0.3), film(100, 0.3)];
    const struck = [media[1]!, media[3]!];
    const faults = struck.map((medium) => wrongByte(medium, { attempt: 1 }));
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(media.map(() => 'proven'));
    await scene.expectComplete();
    for (const medium of media) {
      const { sizeBytes } = medium.files.find(({ original }) => original === 'source')!;
      expect(sentBytes(scene, medium)).toBe(sizeBytes * (struck.includes(medium) ? 2 : 1));
    }
  });

  test('a film with a byte that is always wrong is archived as disputed, and the run names it', async () => {
    const film = filmMaker('always');
    const media = [film(20, 21), film(20, 21), film(null, 0.3), film(null, 0.3)];
    const struck = [media[0]!, media[3]!];
    await using scene = await openSceneAt(kind, {
      library: createLibrary(media),
      inProcess: true,
      faults: struck.map((one) => wrongByte(one)),
    });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(proofsOf(run, media)).toEqual(['disputed', 'proven', 'proven', 'disputed']);
    expect(
      eventsOf(run, 'file.disputed')
        .map(({ mediaId }) => mediaId)
        .toSorted(),
    ).toEqual(struck.map(({ id }) => id).toSorted());
    expect(run.finished.files).toMatchObject({ archived: 4, proven: 2, disputed: 2 });
    const next = await scene.sync();
    expectExit(next, 0);
    expect(next.finished.files).toMatchObject({ archived: 0, disputed: 0 });
  });

  test('a suspect film whose second copy has the right bytes gets a next revision, and both stay', async () => {
    const film = filmMaker('suspect-once');
    const media = [film(20, 21), film(20, 21)];
    const [wrong] = media as [SimMedium, SimMedium];
    const faults = [wrongByte(wrong, { attempt: 1 })];
    await using scene = await openSceneAt(kind, { library: createLibrary([wrong]), inProcess: true, faults });
    const first = await scene.sync();
    expectExit(first, 0);
    expect(proofsOf(first, [wrong])).toEqual(['none']);
    scene.cloud.library.add(media[1]!);
    expectExit(await scene.sync(), 0);
    await suspect(scene, wrong);
    const before = sentBytes(scene, wrong);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(eventsOf(run, 'file.archived')).toMatchObject([{ mediaId: wrong.id, revision: 2, proof: 'proven' }]);
    expect(sentBytes(scene, wrong) - before).toBe(21 * mebibyte);
    expect(await scene.place.files()).toHaveLength(3);
    expectExit(await scene.sync(), 0);
  });

  test('a suspect film whose second copy has the same bytes stays as it is and is disputed', async () => {
    const film = filmMaker('suspect-always');
    const media = [film(20, 21), film(20, 21)];
    const [wrong] = media as [SimMedium, SimMedium];
    await using scene = await openSceneAt(kind, { library: createLibrary([wrong]), inProcess: true, faults: [wrongByte(wrong)] });
    expectExit(await scene.sync(), 0);
    scene.cloud.library.add(media[1]!);
    expectExit(await scene.sync(), 0);
    const files = await scene.place.files();
    await suspect(scene, wrong);
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.disputed')).toMatchObject([{ mediaId: wrong.id }]);
    expect(run.finished.files).toMatchObject({ archived: 0, disputed: 1 });
    expect(await scene.place.files()).toEqual(files);
    expectExit(await scene.sync(), 0);
  });
});
