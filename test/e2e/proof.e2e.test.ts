/**
 * Compares the bytes that arrive with the ETags of the media host. The simulator serves the ETags
 * that S3 computes for files in parts of different sizes.
 */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { downloads, filmMaker, proofsOf, sentBytes, wrongByte } from '../support/films.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openScene, openSceneAt } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { waitUntil } from '../support/wait-until.ts';

describe.each(placeKinds)('in an archive on %s', (kind) => {
  test('films in parts of every shape are proven', async () => {
    const film = filmMaker('shapes');
    const media = [film(null, 1), film(100, 0.1), film(100, 18), film(null, 18), film(5, 21), film(64, 65)];
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
    // The second copy comes over new connections.
    for (const { seq, clientPort } of downloads(scene, struck[0]!).slice(2)) {
      const earlier = scene.cloud.requests.filter((request) => request.seq < seq);
      expect(earlier.map((request) => request.clientPort)).not.toContain(clientPort);
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

  test('a film that was archived before its claim could be trusted is suspect, and the next run fetches it once more', async () => {
    const film = filmMaker('early');
    // A run begins with the newest films. Four of them wait for the others.
    const media = Array.from({ length: 6 }, () => film(1, 1.2));
    const faults = media.slice(1).map((medium) => wrongByte(medium, { attempt: 1 }));
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 1);
    expect(proofsOf(run, media).filter((proof) => proof !== 'proven')).toEqual(['none']);
    expect(eventsOf(run, 'file.suspect')).toHaveLength(1);
    expect(eventsOf(run, 'warning').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^1 file was archived before/),
    );
    const next = await scene.sync();
    expectExit(next, 0);
    expect(eventsOf(next, 'file.archived')).toMatchObject([{ revision: 2, proof: 'proven' }]);
    expectExit(await scene.sync(), 0);
  });

  test('encrypted films are no alarm, whether their replies say so or not', async () => {
    const film = filmMaker('encrypted');
    const plain = Array.from({ length: 4 }, () => film(null, 0.2));
    const marked = [film(null, 0.3, 'kms'), film(null, 0.3, 'customer'), film(20, 21, 'kms')];
    const unmarked = [...Array.from({ length: 4 }, () => film(null, 0.4, 'unmarked')), film(20, 21, 'unmarked')];
    const media = [...plain, ...marked, ...unmarked];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, [...plain, ...marked])).toEqual([...plain.map(() => 'proven'), ...marked.map(() => 'none')]);
    expect(eventsOf(run, 'file.disputed')).toEqual([]);
    expect(eventsOf(run, 'warning').filter(({ message }) => message.includes('same bytes'))).toHaveLength(1);
    expect(run.finished.files).toMatchObject({ archived: media.length, proven: 4, disputed: 0 });
    await scene.expectComplete();
    expectExit(await scene.sync(), 0);
  });

  test('a burst whose first frame comes once with a wrong byte waits for its other frames', async () => {
    const burst = createMediaMaker('burst', [{ partBytes: null }]).burst([60_000, 60_001, 60_002, 60_003]);
    const faults = [{ match: { host: 'cdn', method: 'GET', attempt: 1 }, action: { type: 'corrupt', at: 1000 } } as const];
    await using scene = await openSceneAt(kind, { library: createLibrary([burst]), inProcess: true, faults });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 0);
    const archived = eventsOf(run, 'file.archived');
    expect(archived.map(({ proof }) => proof)).toEqual(archived.map(() => 'proven'));
    await scene.expectComplete();
  });

  test('films whose HEAD has a weak ETag are compared with the ETag of the GET', async () => {
    const film = filmMaker('weak');
    const media = [film(null, 0.3), film(20, 21), film(null, 0.3, 'kms')];
    const weak = { type: 'header', name: 'etag', value: 'W/"9b2cf535f27731c974343645a3985328"' } as const;
    const faults = [{ match: { host: 'cdn', method: 'HEAD' }, action: weak } as const];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['proven', 'proven', 'none']);
    await scene.expectComplete();
  });
});

test('a disputed film that a killed run archived is named by the next run, and by no later run', async () => {
  const film = filmMaker('named');
  const [sound, wrong, slow] = [film(null, 0.3), film(null, 0.3), film(null, 0.3)] as const;
  await using scene = await openScene({ library: createLibrary([sound]), inProcess: true });
  expectExit(await scene.sync(), 0);
  for (const medium of [wrong, slow]) scene.cloud.library.add(medium);
  const silence = { match: { host: 'cdn', method: 'GET', mediaId: slow.id }, action: { type: 'stall', afterBytes: 1 } } as const;
  scene.cloud.faults.set([wrongByte(wrong), silence]);
  const running = scene.startSync();
  const isArchived = () => running.stdout().includes('"type":"file.archived"');
  await waitUntil('the disputed film', isArchived);
  running.kill('SIGKILL');
  const killed = await running.ended;
  expect(proofsOf(killed, [wrong])).toEqual(['disputed']);
  scene.cloud.faults.clear();
  const run = await scene.sync();
  expectExit(run, 1);
  expect(eventsOf(run, 'file.disputed')).toMatchObject([{ mediaId: wrong.id }]);
  expect(run.finished.files).toMatchObject({ archived: 1, proven: 1, disputed: 1 });
  const next = await scene.sync();
  expectExit(next, 0);
  expect(eventsOf(next, 'file.disputed')).toEqual([]);
});
