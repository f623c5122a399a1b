/**
 * Runs the core in slices, as functions with a deadline do. Every slice opens everything anew and
 * continues where the slice before it ended.
 */
import { expect, test, vi, afterAll, beforeAll } from 'vitest';
import { deserialise, serialise } from '../../src/aws/functions/media-lister/listing-state.ts';
import { openS3 } from '../../src/destination/s3/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDigests } from '../../src/lib/digest/index.ts';
import { createHttpClient } from '../../src/lib/http/index.ts';
import { alwaysRoles, type Role } from '../../src/media.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Event } from '../../src/events.ts';
import { startGoproCloud, type GoproCloud } from '../../src/sim/gopro/index.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { startS3Store, type S3Store } from '../s3-server/index.ts';
import { createGoproSource } from '../../src/source/gopro/index.ts';
import { beginListing, listSlice, type Listing, type ListingProgress } from '../../src/run/listing.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { createSlice, type Slice } from '../../src/transfer/slice.ts';
import { transfer } from '../../src/transfer/transfer.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';

beforeAll(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'TESTKEY');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not-a-secret');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

interface Scene extends AsyncDisposable {
  readonly cloud: GoproCloud;
  readonly store: S3Store;
  readonly tracker: Tracker;
  readonly events: Event[];
  beginListing(): Promise<ListingProgress>;
  list(isOver: () => boolean, progress: ListingProgress): Promise<Listing | undefined>;
  transfer(slice: Slice, bytesPerSecond: number | null): Promise<void>;
}

async function openScene(media: Parameters<typeof createLibrary>[0], perPageCap?: number): Promise<Scene> {
  const cloud = await startGoproCloud({ library: createLibrary(media), ...(perPageCap && { perPageCap }) });
  const store = await startS3Store({ buckets: ['archive'] });
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock: systemClock, onWarning: () => {} });
  const events: Event[] = [];
  const report = (event: Event) => void events.push(event);
  const http = createHttpClient({ connections: 4 });
  const digests = createDigests();
  const { accessToken, userId } = cloud;
  const newSource = () =>
    createGoproSource({
      apiUrl: cloud.apiUrl,
      credentials: { accessToken, userId },
      requestsPerSecond: 1_000,
      stallMs: 5_000,
      http,
      clock: systemClock,
    });
  const signal = new AbortController().signal;
  const runStartedAt = new Date().toISOString();
  const optionsOf = (source: ReturnType<typeof newSource>) =>
    ({ source, tracker, clock: systemClock, report, runId: 'run', full: false, signal }) as const;
  return {
    cloud,
    store,
    tracker,
    events,
    beginListing: async () => beginListing(optionsOf(newSource())),
    list: async (isOver, progress) => listSlice(optionsOf(newSource()), progress, isOver),
    transfer: async (slice, bytesPerSecond) => {
      const destination = openS3({
        bucket: 'archive',
        prefix: '',
        endpoint: store.endpoint,
        clock: systemClock,
        stallMs: 5_000,
      });
      const roles: readonly Role[] = alwaysRoles;
      const work = await plan(tracker.openMedia(roles), { covers: () => true, roles });
      const ports = { source: newSource(), destination, tracker, http, digests, clock: systemClock, report };
      const end = await transfer(work, ports, {
        owner: 'execution',
        leaseMs: 60_000,
        runStartedAt,
        roles,
        concurrency: 2,
        bandwidth: [{ minuteOfDay: 0, bytesPerSecond }],
        quarantineAfter: 10,
        stallMs: 5_000,
        plainHttp: true,
        recovered: [],
        slice,
        signal,
      });
      await destination.close();
      expect(end.error).toBeUndefined();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([http.close(), digests.close(), tracker.close(), cloud.close(), store.close()]);
    },
  };
}

function sliceOf(budgetMs: number, idleBefore = 0): Slice {
  return createSlice({ budgetMs, idleBefore, clock: systemClock });
}

test('one large file takes several slices, and no finished part is fetched twice', async () => {
  const maker = createMediaMaker('slices');
  const sizeBytes = 9 * partBytes + 4_321;
  await using scene = await openScene([maker.video(sizeBytes)]);
  await scene.list(() => false, await scene.beginListing());
  let slices = 0;
  for (let status = ''; status !== 'COMPLETED' && slices < 40; slices += 1) {
    // Two simultaneous parts take a little more than a third of the slice. A further part would
    // need twice that time, which is not left.
    await scene.transfer(sliceOf(4_000), 24 * 1024 * 1024);
    for await (const { originals } of scene.tracker.rows()) status = originals[0]?.status ?? '';
  }
  expect(slices).toBeGreaterThanOrEqual(3);
  expect(scene.store.objects().map((object) => object.sizeBytes)).toContain(sizeBytes);
  // A slice keeps whole parts only, so the parts under way at its end may be fetched again.
  expect(scene.cloud.stats().cdnBytesSent).toBeLessThanOrEqual(sizeBytes + slices * 2 * partBytes);
  expect(scene.store.stats().byOperation.UploadPart).toBeLessThanOrEqual(10 + slices * 2);
  expect(scene.events.filter(({ type }) => type === 'file.failed')).toEqual([]);
});

test.each([
  { slices: 'two slices that receive no byte', weight: 10, silent: true },
  { slices: 'twenty slices that receive bytes but store no part', weight: 1, silent: false },
])('an original fails after $slices', async ({ weight, silent }) => {
  const maker = createMediaMaker('fruitless');
  await using scene = await openScene([maker.video(2 * partBytes)]);
  if (silent) scene.cloud.faults.set([{ match: { host: 'cdn', method: 'GET' }, action: { type: 'stall', afterBytes: 0 } }]);
  await scene.list(() => false, await scene.beginListing());
  const first = sliceOf(600);
  await scene.transfer(first, 1024 * 1024);
  expect(first.idleWeight()).toBe(weight);
  expect(scene.events.filter(({ type }) => type === 'file.failed')).toEqual([]);
  const last = sliceOf(600, 20 - weight);
  await scene.transfer(last, 1024 * 1024);
  expect(scene.events.filter(({ type }) => type === 'file.failed')).toEqual([
    expect.objectContaining({ code: 'SLICE_FRUITLESS', status: 'FAILED' }),
  ]);
  // A third slice of the same run leaves the original alone.
  const started = scene.events.filter(({ type }) => type === 'file.started').length;
  await scene.transfer(sliceOf(60_000), null);
  expect(scene.events.filter(({ type }) => type === 'file.started')).toHaveLength(started);
});

/** The size of a part, in bytes, if the provider stored the file in parts of 20 MiB. */
const largeBytes = 20 * 1024 * 1024;

test('on a line that is too slow for two parts at once, a later slice fetches one part and stores it', async () => {
  await using scene = await openScene([createMediaMaker('slow-line', [{ partBytes: largeBytes }]).video(2 * largeBytes)]);
  await scene.list(() => false, await scene.beginListing());
  const idle: number[] = [];
  // In a slice, the line brings one part and half of another one. A busy machine is slower.
  for (let slices = 0; slices < 8 && idle.at(-1) !== 0; slices += 1) {
    const slice = sliceOf(3_000, idle.at(-1) ?? 0);
    await scene.transfer(slice, 11 * 1024 * 1024);
    idle.push(slice.idleWeight());
  }
  expect(idle[0]).toBe(1);
  expect(idle.at(-1)).toBe(0);
  await scene.transfer(sliceOf(20_000), null);
  expect((await scene.tracker.tally(alwaysRoles)).originals).toMatchObject({ COMPLETED: 1 });
});

test('a slice of many small files ends between two files, and the next slice archives the remaining files', async () => {
  const maker = createMediaMaker('many');
  await using scene = await openScene(Array.from({ length: 40 }, () => maker.photo(100_000)));
  await scene.list(() => false, await scene.beginListing());
  let slices = 0;
  for (; slices < 20; slices += 1) {
    const { originals, media } = await scene.tracker.tally(alwaysRoles);
    if (originals.COMPLETED === 40) break;
    expect(media.FAILED + originals.FAILED).toBe(0);
    await scene.transfer(sliceOf(2_000), 1_000_000);
  }
  expect(slices).toBeGreaterThan(2);
  expect(scene.store.objects().filter(({ sizeBytes }) => sizeBytes === 100_000)).toHaveLength(40);
});

test('media that the provider does not find during a slice are not recorded as deleted', async () => {
  const maker = createMediaMaker('gone');
  await using scene = await openScene([maker.photo(), maker.photo()]);
  await scene.list(() => false, await scene.beginListing());
  scene.cloud.faults.set([{ match: { endpoint: 'download' }, action: { type: 'status', status: 404 } }]);
  await scene.transfer(sliceOf(10_000), null);
  expect((await scene.tracker.tally(alwaysRoles)).media).toMatchObject({ LISTED: 2, SOURCE_DELETED: 0 });
  scene.cloud.faults.clear();
  await scene.transfer(sliceOf(10_000), null);
  expect((await scene.tracker.tally(alwaysRoles)).originals).toMatchObject({ COMPLETED: 2 });
});

test('a slice that ends while it compares an archived file leaves the medium open', async () => {
  const maker = createMediaMaker('compared');
  const medium = maker.photo();
  await using scene = await openScene([medium]);
  await scene.list(() => false, await scene.beginListing());
  await scene.transfer(sliceOf(10_000), null);
  scene.cloud.library.replaceContent(medium.id, { label: 'source' }, { sizeBytes: 61_001 });
  scene.cloud.library.touch(medium.id);
  await scene.list(() => false, await scene.beginListing());
  scene.cloud.faults.set([{ match: { host: 'cdn' }, action: { type: 'stall' } }]);
  await scene.transfer(sliceOf(1_000), null);
  expect((await scene.tracker.tally(alwaysRoles)).media).toMatchObject({ LISTED: 1 });
  scene.cloud.faults.clear();
  await scene.transfer(sliceOf(10_000), null);
  const sizes = scene.store.objects().map(({ sizeBytes }) => sizeBytes);
  expect(sizes).toEqual(expect.arrayContaining([60_000, 61_001]));
});

test('a listing in slices of one page finds the same media as a listing in one piece', async () => {
  const maker = createMediaMaker('pages');
  await using scene = await openScene(
    Array.from({ length: 23 }, () => maker.photo(1_000)),
    5,
  );
  let left: string | undefined;
  let slices = 0;
  for (let listing: Listing | undefined; !listing; slices += 1) {
    const progress = left === undefined ? await scene.beginListing() : deserialise(left).progress!;
    listing = await scene.list(() => true, progress);
    left = serialise({ progress, listing: listing ?? null, recovered: 0 });
  }
  expect(slices).toBe(5);
  expect(deserialise(left!).listing).toEqual({ mode: 'full', listed: 23, added: 23, changed: 0, gone: 0, contradiction: null });
});

test('a medium that every slice is denied stays LISTED in the first run, and fails in the second', async () => {
  const medium = createMediaMaker('denied-slices').photo();
  await using scene = await openScene([medium]);
  const { cloud, tracker, events } = scene;
  cloud.faults.set([{ match: { endpoint: 'download' }, action: { type: 'status', status: 404 } }]);
  await tracker.beginRun('night-1', 'sync');
  await scene.list(() => false, await scene.beginListing());
  for (let slice = 0; slice < 2; slice += 1) await scene.transfer(sliceOf(4_000), null);
  expect(await tracker.medium(medium.id)).toMatchObject({ status: 'LISTED', denials: 1 });
  expect(events.filter(({ type }) => type === 'medium.failed')).toEqual([]);

  await tracker.beginRun('night-2', 'sync');
  await scene.transfer(sliceOf(4_000), null);
  expect(await tracker.medium(medium.id)).toMatchObject({ status: 'FAILED', denials: 2 });
  expect(events.filter(({ type }) => type === 'medium.failed')).toEqual([
    expect.objectContaining({ mediaId: medium.id, code: 'SOURCE_GONE' }),
  ]);
  cloud.faults.clear();
});
