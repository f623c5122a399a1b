/**
 * Changes of the library between two runs and during a run. The runs happen in the process of the
 * test, because starting a process takes ten times as long as most of these runs. Each run still
 * opens home, archive and tracker anew.
 */
import { describe, expect, test } from 'vitest';
import { createLibrary, type SimLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { source } from '../../src/sim/gopro/library/file-specs.ts';
import { proxiesOnly, unavailableVideo, unreadyVideo } from '../../src/sim/gopro/library/shapes.ts';
import { expectExactly, wantedOf, type WantedFile } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { createMediaMaker, type MediaMaker } from '../support/simulated-media.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, mediaRequests, openScene, openSceneAt } from '../support/scene.ts';

function libraryOf(...media: readonly SimMedium[]): SimLibrary {
  return createLibrary(media);
}

describe.each(placeKinds)('media that are archived on %s and then change', (kind) => {
  test('a run fetches only the new chapter when an archived medium gets one', async () => {
    const maker = createMediaMaker(`chapter-${kind}`);
    const [medium, other] = [maker.chapters(), maker.photo()];
    const library = libraryOf(medium, other);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const before = await scene.place.files();
    library.addItem(medium.id, source({ sizeBytes: 33_000, itemNumber: 3 }));
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished).toMatchObject({ media: { changed: 1 }, files: { archived: 1 }, bytes: { fetched: 33_000 } });
    expect(scene.cloud.stats().cdnBytesSent).toBe(33_000);
    await scene.expectComplete();
    expect(await scene.place.files()).toEqual(expect.arrayContaining(before));
  });

  test('the archive keeps the old and the new content when the content of a medium is replaced', async () => {
    const maker = createMediaMaker(`replaced-${kind}`);
    const [medium, other] = [maker.photo(), maker.chapters()];
    const library = libraryOf(medium, other);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const old = await wantedOf(library);
    library.replaceContent(medium.id, { label: 'source' }, { sizeBytes: 61_001 });
    library.touch(medium.id);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(eventsOf(run, 'file.archived')).toEqual([expect.objectContaining({ mediaId: medium.id, revision: 2 })]);
    expectExactly(await scene.place.files(), merged(old, await wantedOf(library)));
    // This replacement keeps the size of the content, so only the ETag shows the change.
    library.replaceContent(medium.id, { label: 'source' });
    library.touch(medium.id);
    const second = await wantedOf(library);
    const third = await scene.sync();
    expectExit(third, 0);
    expect(eventsOf(third, 'file.archived')).toEqual([expect.objectContaining({ mediaId: medium.id, revision: 3 })]);
    expect((await scene.place.files()).length).toBe(old.length + 2);
    expect(second.length).toBe(old.length);
    expectExit(await scene.verify(), 0);
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(mediaRequests(scene)).toEqual([]);
  });

  test('a run fetches and moves nothing when an archived medium gets another name', async () => {
    const maker = createMediaMaker(`renamed-${kind}`);
    const medium = maker.photo();
    const library = libraryOf(medium, maker.photo());
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const before = await scene.place.files();
    library.touch(medium.id, { filename: 'Holidays.JPG', captured_at: '2019-01-01T00:00:00Z' });
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    expect(await scene.place.files()).toEqual(before);
    expectExit(await scene.sync(), 0);
  });

  test('an archived medium stays archived when it goes to the trash and when it comes back', async () => {
    const maker = createMediaMaker(`trashed-${kind}`);
    const medium = maker.chapters();
    const library = libraryOf(medium, maker.photo(), maker.photo());
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const before = await wantedOf(library);
    library.trash(medium.id);
    const run = await scene.sync();
    expectExit(run, 0);
    // Even a quick listing notices a missing medium, because the provider's total is smaller.
    expect(run.finished).toMatchObject({ media: { gone: 1 }, files: { archived: 0, sourceDeleted: 0, failed: 0 } });
    expectExactly(await scene.place.files(), before);
    expectExit(await scene.verify(), 0);
    library.restore(medium.id);
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    await scene.expectComplete();
  });
});

function merged(before: readonly WantedFile[], after: readonly WantedFile[]): WantedFile[] {
  return [...before, ...after.filter(({ sha256 }) => !before.some((file) => file.sha256 === sha256))];
}

test('a medium that goes to the trash before it is archived counts as deleted at the source, not as failed', async () => {
  const maker = createMediaMaker('gone-early');
  const [late, early] = [maker.photo(), maker.chapters()];
  const library = libraryOf(early, late, maker.photo());
  await using scene = await openScene({
    library,
    inProcess: true,
    faults: [{ match: { host: 'cdn', mediaId: late.id }, action: { type: 'status', status: 500 } }],
  });
  const first = await scene.sync();
  expectExit(first, 1);
  expect(eventsOf(first, 'file.failed').map(({ mediaId }) => mediaId)).toEqual([late.id]);
  library.trash(late.id);
  const second = await scene.sync();
  expectExit(second, 0);
  expect(second.finished.files).toMatchObject({ failed: 0, sourceDeleted: 1 });
  await scene.expectComplete();
  // A medium that comes back from the trash is archived like any other medium.
  library.restore(late.id);
  scene.cloud.faults.clear();
  const third = await scene.sync();
  expectExit(third, 0);
  expect(third.finished.files).toMatchObject({ archived: 1, sourceDeleted: 0 });
  await scene.expectComplete();
});

test('a medium that is gone when the run resolves it counts as deleted at the source', async () => {
  const maker = createMediaMaker('gone-404');
  const gone = maker.photo();
  const library = libraryOf(gone, maker.photo());
  await using scene = await openScene({
    library,
    inProcess: true,
    faults: [{ match: { endpoint: 'download', mediaId: gone.id }, action: { type: 'status', status: 404 } }],
  });
  const run = await scene.sync();
  expectExit(run, 0);
  expect(eventsOf(run, 'medium.sourceDeleted').map(({ mediaId }) => mediaId)).toEqual([gone.id]);
  expect(run.finished.files).toMatchObject({ archived: 1, sourceDeleted: 1, failed: 0 });
});

test('a waiting medium is archived once the provider has its original, and its proxy video is never archived', async () => {
  const maker = createMediaMaker('waits');
  const unready = unreadyVideo(maker.spec('MP4'), 'transcoding', 41_000);
  const unavailable = unavailableVideo(maker.spec('MP4'), 42_000);
  const proxies = proxiesOnly(maker.spec('MP4'));
  const library = libraryOf(unready, unavailable, proxies, maker.photo());
  await using scene = await openScene({ library, inProcess: true });
  const first = await scene.sync();
  expectExit(first, 0);
  expect(first.finished.files).toMatchObject({ archived: 1, waiting: 3 });
  await scene.expectComplete();
  library.setReady(unready.id);
  library.setReady(unavailable.id);
  const second = await scene.sync();
  expectExit(second, 0);
  expect(second.finished.files).toMatchObject({ archived: 2, skipped: 1, waiting: 1 });
  await scene.expectComplete();
  library.addItem(proxies.id, source({ sizeBytes: 43_000 }));
  const third = await scene.sync();
  expectExit(third, 0);
  expect(third.finished.files).toMatchObject({ archived: 1, skipped: 3, waiting: 0 });
  await scene.expectComplete();
});

test('a run asks for a waiting medium by its id, even if the listing ends before the page of the medium', async () => {
  const maker = createMediaMaker('waits-far');
  const oldest = unreadyVideo(maker.spec('MP4'), 'transcoding', 41_000);
  const library = libraryOf(oldest, ...Array.from({ length: 8 }, () => maker.photo()));
  await using scene = await openScene({ library, inProcess: true, perPageCap: 3 });
  expectExit(await scene.sync(), 0);
  await scene.clearRequests();
  expectExit(await scene.sync(), 0);
  expect(scene.cloud.stats().requests['search']).toBe(1);
  expect(mediaRequests(scene)).toEqual([`medium GET ${oldest.id}`]);
  library.setReady(oldest.id);
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

function nine(maker: MediaMaker): SimMedium[] {
  return Array.from({ length: 9 }, () => maker.photo(5_000));
}

function drift(page: number, change: 'add' | 'trash') {
  return { match: { endpoint: 'search', page, attempt: 1 }, action: { type: 'pageDrift', change } } as const;
}

describe('the listing', () => {
  test('a listing that is suddenly empty changes nothing and ends the run with exit code 5', async () => {
    await using scene = await openScene({ library: libraryOf(...nine(createMediaMaker('to-zero'))), inProcess: true });
    expectExit(await scene.sync(), 0);
    const before = await scene.place.files();
    for (const withMedia of [false, true]) {
      scene.cloud.faults.set([{ match: { endpoint: 'search' }, action: { type: 'totalZero', withMedia } }]);
      const run = await scene.sync();
      expectExit(run, 5);
      expect(run.finished).toMatchObject({
        outcome: 'failed',
        error: { code: 'LISTING_UNTRUSTED' },
        media: { gone: 0 },
        files: { archived: 0, sourceDeleted: 0 },
      });
    }
    expect(await scene.place.files()).toEqual(before);
    scene.cloud.faults.clear();
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(mediaRequests(scene)).toEqual([]);
  });

  test('a listing stops early when nothing is new, and reads every page when the total shows that a medium is gone', async () => {
    const maker = createMediaMaker('quick');
    const media = nine(maker);
    const library = libraryOf(...media);
    await using scene = await openScene({ library, inProcess: true, perPageCap: 2 });
    expectExit(await scene.sync(), 0);
    const searches = async () => {
      await scene.clearRequests();
      const run = await scene.sync();
      expectExit(run, 0);
      return {
        searches: scene.cloud.stats().requests['search'],
        mode: eventsOf(run, 'listing.finished')[0]?.mode,
        gone: run.finished.media.gone,
      };
    };
    expect(await searches()).toEqual({ searches: 1, mode: 'quick', gone: 0 });
    library.add(maker.burst());
    expect(await searches()).toMatchObject({ mode: 'quick', gone: 0 });
    await scene.expectComplete();
    library.trash(media[1]?.id ?? '');
    expect(await searches()).toEqual({ searches: 5, mode: 'full', gone: 1 });
    expect(await searches()).toEqual({ searches: 1, mode: 'quick', gone: 0 });
    // One medium is removed and one is added, so the total stays the same.
    library.trash(media[2]?.id ?? '');
    library.add(maker.photo());
    expect(await searches()).toMatchObject({ mode: 'full', gone: 1 });
  });

  test('a listing misses no medium if media move to other pages while the pages are read', async () => {
    const library = libraryOf(...nine(createMediaMaker('drift')));
    await using scene = await openScene({
      library,
      inProcess: true,
      perPageCap: 2,
      faults: [drift(2, 'add'), drift(3, 'trash'), drift(4, 'add')],
    });
    expectExit(await scene.sync(), 0);
    const listed = new Set([...library.media()].map(({ id }) => id));
    const wanted = await wantedOf(library);
    const found = await scene.place.files();
    expect(wanted.filter(({ mediaId }) => listed.has(mediaId) && !found.some(({ key }) => key.includes(mediaId)))).toEqual([]);
  });
});
