/** What becomes of films whose first copy, second copy or archived file has a wrong byte. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faultCatalogue } from '../../src/sim/gopro/faults/catalogue.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { filmMaker, markSuspect, mebibyte, proofsOf, sentBytes, wrongByte } from '../support/films.ts';
import { openDiskPlace, openS3Place } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

const byKms = { type: 'header', name: 'x-amz-server-side-encryption', value: 'aws:kms' } as const;

function onCdn({ id }: SimMedium) {
  return { host: 'cdn', mediaId: id } as const;
}

const archives = [
  { name: 'a directory', openPlace: openDiskPlace },
  { name: 'S3', openPlace: openS3Place },
  { name: 'S3 whose ETags are MD5', openPlace: async () => openS3Place({ md5: true }) },
];

describe.each(archives)('in an archive on $name', ({ openPlace }) => {
  test.each([
    ['several parts', 20, 21],
    ['one part', 8, 10],
  ])('a suspect film in %s whose second copy has the right bytes gets a next revision, and both stay', async (_, part, size) => {
    const film = filmMaker('suspect-once');
    const media = [film(part, size), film(part, size)];
    const [wrong] = media as [SimMedium, SimMedium];
    const faults = [wrongByte(wrong, { attempt: 1 })];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary([wrong]), inProcess: true, faults });
    const first = await scene.sync();
    expectExit(first, 0);
    expect(proofsOf(first, [wrong])).toEqual(['none']);
    scene.cloud.library.add(media[1]!);
    expectExit(await scene.sync(), 0);
    await markSuspect(scene, wrong);
    const before = sentBytes(scene, wrong);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(eventsOf(run, 'file.archived')).toMatchObject([{ mediaId: wrong.id, revision: 2, proof: 'proven' }]);
    expect(sentBytes(scene, wrong) - before).toBe(size * mebibyte);
    expect(await scene.place.files()).toHaveLength(3);
    expectExit(await scene.sync(), 0);
  });

  test('a suspect film whose second copy has the same bytes stays as it is and is disputed', async () => {
    const film = filmMaker('suspect-always');
    const media = [film(20, 21), film(20, 21)];
    const [wrong] = media as [SimMedium, SimMedium];
    await using scene = await openScene({
      place: await openPlace(),
      library: createLibrary([wrong]),
      inProcess: true,
      faults: [wrongByte(wrong)],
    });
    expectExit(await scene.sync(), 0);
    scene.cloud.library.add(media[1]!);
    expectExit(await scene.sync(), 0);
    const files = await scene.place.files();
    await markSuspect(scene, wrong);
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.disputed')).toMatchObject([{ mediaId: wrong.id }]);
    expect(run.finished.files).toMatchObject({ archived: 0, disputed: 1 });
    expect(await scene.place.files()).toEqual(files);
    expectExit(await scene.sync(), 0);
  });

  test('a film whose bytes are wrong in two ways fails, and the next run compares it again', async () => {
    const film = filmMaker('two ways');
    const [other, wrong] = [film(null, 0.3), film(null, 0.3)];
    const second: Fault = {
      match: { host: 'cdn', method: 'GET', mediaId: wrong.id, attempt: 2 },
      action: { type: 'corrupt', at: 1_000 },
    };
    const faults = [wrongByte(wrong, { attempt: 1 }), second];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary([other]), inProcess: true, faults });
    expectExit(await scene.sync(), 0);
    scene.cloud.library.add(wrong);
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.failed')).toMatchObject([{ mediaId: wrong.id, code: 'CLAIM_MISMATCH', status: 'FAILED' }]);
    const next = await scene.sync();
    expectExit(next, 0);
    expect(proofsOf(next, [wrong])).toEqual(['proven']);
    await scene.expectComplete();
  });

  test('a run that is killed during a second fetch is continued by the next run', async () => {
    const film = filmMaker('killed again');
    const media = [film(20, 1), film(20, 41), film(20, 21)];
    const wrong = media[1]!;
    const again = { host: 'cdn', method: 'GET', mediaId: wrong.id, rangeStartAtLeast: 20 * mebibyte } as const;
    const slow: Fault = { match: { ...again, attempt: { from: 3 } }, action: { type: 'drip', bytes: 65_536, everyMs: 20 } };
    await using scene = await openScene({
      place: await openPlace(),
      library: createLibrary(media),
      faults: [wrongByte(wrong, { attempt: 1 }), slow],
    });
    const killed = scene.startSync();
    await waitUntil('the middle of the second fetch', () => sentBytes(scene, wrong) > 62 * mebibyte);
    killed.kill('SIGKILL');
    expect(eventsOf(await killed.ended, 'file.restarted')).toMatchObject([{ code: 'CLAIM_MISMATCH' }]);
    scene.cloud.faults.clear();
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, [wrong])).toEqual(['proven']);
    expect(sentBytes(scene, wrong)).toBeLessThanOrEqual(21 * mebibyte);
    await scene.expectComplete();
  });

  test('a byte that is wrong at a border or in a resumed part is found', async () => {
    const film = filmMaker('places');
    const media = Array.from({ length: 4 }, () => film(20, 21));
    const [border, after, resumed] = media as [SimMedium, SimMedium, SimMedium];
    const faults = [
      wrongByte(border, { attempt: 1, byte: 'beforeBorder' }, 'beforeBorder'),
      wrongByte(after, { attempt: 1, byte: 'afterBorder' }, 'afterBorder'),
      ...faultCatalogue.corruptOnResume({ mediaId: resumed.id }),
    ];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(media.map(() => 'proven'));
    const restarted = eventsOf(run, 'file.restarted').map(({ code, key }) => `${code} ${key.slice(-20)}`);
    expect(restarted).toHaveLength(3);
    expect(restarted.every((one) => one.startsWith('CLAIM_MISMATCH'))).toBe(true);
    await scene.expectComplete();
  });

  test('a film whose second reply or a later part denies the claim is no alarm, and its parts stay', async () => {
    const film = filmMaker('late');
    const media = [film(20, 21), film(20, 61, 'unmarked'), film(20, 61)];
    const [, encrypted, weak] = media as [SimMedium, SimMedium, SimMedium];
    const faults: Fault[] = [
      { match: { ...onCdn(encrypted), method: 'GET' }, action: byKms },
      {
        match: { ...onCdn(weak), method: 'GET', byte: 50 * mebibyte },
        action: { type: 'header', name: 'etag', value: 'W/"abc"' },
      },
    ];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['proven', 'none', 'none']);
    expect(eventsOf(run, 'file.restarted')).toEqual([]);
    expect(media.map((one) => sentBytes(scene, one) / mebibyte)).toEqual([21, 61, 61]);
    await scene.expectComplete();
  });

  test('a film whose replies deny the claim of HEAD continues where killed runs ended', async () => {
    const big = filmMaker('denied')(20, 101, 'unmarked');
    const slow: Fault['action'] = { type: 'drip', bytes: 65_536, everyMs: 20 };
    const encrypted: Fault = { match: { ...onCdn(big), method: 'GET' }, action: byKms };
    await using scene = await openScene({ place: await openPlace(), library: createLibrary([big]) });
    for (const slowFrom of [30, 60]) {
      const match = { host: 'cdn', method: 'GET', rangeStartAtLeast: slowFrom * mebibyte } as const;
      scene.cloud.faults.set([encrypted, { match, action: slow }]);
      const killed = scene.startSync();
      await waitUntil('a few parts', () => sentBytes(scene, big) > (slowFrom + 12) * mebibyte);
      await setTimeout(1_500);
      killed.kill('SIGKILL');
      expect(eventsOf(await killed.ended, 'file.restarted')).toEqual([]);
    }
    scene.cloud.faults.set([encrypted]);
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, [big])).toEqual(['none']);
    expect(eventsOf(run, 'file.started')[0]!.resumedBytes).toBeGreaterThanOrEqual(20 * mebibyte);
    expect(sentBytes(scene, big)).toBeLessThanOrEqual(81 * mebibyte);
    await scene.expectComplete();
  });

  test('films of hosts without ranges or lengths, and films that change on the way, are proven', async () => {
    const film = filmMaker('hosts');
    const media = [film(20, 21), film(20, 21), film(100, 18), film(20, 21)];
    const [rangeless, lengthless, whole, changing] = media as [SimMedium, SimMedium, SimMedium, SimMedium];
    const faults: Fault[] = [
      { match: { ...onCdn(rangeless), method: 'GET' }, action: { type: 'ignoreRange' } },
      { match: onCdn(lengthless), action: { type: 'missingLength' } },
      { match: onCdn(whole), action: { type: 'missingLength' } },
      { match: { ...onCdn(changing), method: 'GET', attempt: 2 }, action: { type: 'etagChange' } },
    ];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(media.map(() => 'proven'));
    await scene.expectComplete();
  });

  test('films whose run is killed in the middle are proven by the next run, and nothing stored is fetched twice', async () => {
    const film = filmMaker('killed');
    const media = [film(64, 65), film(100, 33)];
    await using scene = await openScene({ place: await openPlace(), library: createLibrary(media) });
    const slow = {
      match: { host: 'cdn', method: 'GET', rangeStartAtLeast: 20 * mebibyte },
      action: { type: 'drip', bytes: 65_536, everyMs: 20 },
    } as const;
    scene.cloud.faults.set([slow]);
    const killed = scene.startSync();
    // The parts of both films depend on each other, so the second one begins when the first is stored.
    await waitUntil('a part of each film', () => media.every((medium) => sentBytes(scene, medium) > 20.5 * mebibyte));
    killed.kill('SIGKILL');
    await killed.ended;
    scene.cloud.faults.clear();
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['proven', 'proven']);
    for (const { resumedBytes } of eventsOf(run, 'file.started')) expect(resumedBytes).toBeGreaterThan(0);
    await scene.expectComplete();
  });
});
