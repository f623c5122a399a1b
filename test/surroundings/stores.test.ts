/**
 * S3 stores that spoil files, and stores that differ from what an archive has recorded about its
 * store.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import type { S3Damage, S3Fault, S3Legacy } from '../s3-server/faults.ts';
import type { S3Store } from '../s3-server/index.ts';
import { compare, wantedOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { openS3Place, type S3Place } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker, shapes, type Shape } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

const prefix = 'my/videos';
const own = (name: string) => `${prefix}/.cloud-sync/${name}`;

/**
 * Stores that spoil a body and answer 200. `multipart` is left out if the store shows the checksum
 * of a spoilt part, because the run then notices the damage before it publishes the file.
 */
const spoiling: readonly [name: string, legacy: S3Legacy, shapes: readonly Shape[]][] = [
  ['shows the checksum of the spoilt bytes', { trustsChecksums: 'shows stored' }, ['held', 'streamed']],
  ['repeats the checksum that was sent', { trustsChecksums: 'repeats sent' }, ['held', 'streamed', 'multipart']],
  ['shows no checksum', { noChecksums: true }, ['held', 'streamed', 'multipart']],
  ['ignores conditions', { trustsChecksums: 'shows stored', ignoresIfNoneMatch: true }, ['held', 'streamed']],
  ['refuses wrong checksums of a probe', {}, ['held', 'streamed']],
];

/** Spoils the first revision of a medium, whose key has a dot directly after the id. */
function spoil({ id }: SimMedium, shape: Shape, action: S3Damage): S3Fault {
  return { match: { operation: shape === 'multipart' ? 'UploadPart' : 'PutObject', keyPart: `${id}.` }, action };
}

/** True for the request that makes a file appear at its key. */
function publishes(method: string, url: string): boolean {
  if (!url.includes('/gopro-videos/') || url.includes('.cloud-sync')) return false;
  return url.includes('uploadId=') ? method === 'POST' : method === 'PUT';
}

describe.each(spoiling)('a store that spoils a file and %s', (_, legacy, kinds) => {
  test.each(kinds)('a spoilt file (%s) does not count after kill -9 before the read-back', async (shape) => {
    const medium = shapes[shape](createMediaMaker(`spoilt-${shape}`));
    const library = createLibrary([medium]);
    const place = await openS3Place({ legacy, faults: [spoil(medium, shape, { kind: 'mangleBody' })] });
    await using proxy = await startCountingProxy(place.store.endpoint, publishes);
    await using scene = await openScene({ library, place, environment: { CLOUD_SYNC_S3_ENDPOINT: proxy.endpoint } });
    const running = scene.startSync();
    proxy.arm({ pid: running.pid, request: 1, when: 'answered' });
    expect((await running.ended).signal).toBe('SIGKILL');
    proxy.arm(undefined);
    const [spoilt] = await place.files();

    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(library);
    const sound = { missing: [], surplus: [`${spoilt?.key} (${spoilt?.sizeBytes} bytes)`] };
    expect(compare(await place.files(), wanted)).toEqual(sound);
    const verified = await scene.verify('--deep');
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 1, damaged: 0, missing: 0 });
    expect(place.store.uploads()).toEqual([]);

    // For a weak store the archive records the checksum that was sent. So a new tracker knows that
    // the file is spoilt.
    if (Object.keys(legacy).length === 0) return;
    await rm(scene.home, { recursive: true });
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    const again = await scene.verify('--deep');
    expectExit(again, 0);
    expect(again.finished.verified).toMatchObject({ files: 1, unknown: 1 });
  });
});

test('`verify --deep` finds a file that the store spoils later, although the store repeats the checksum that was sent', async () => {
  const medium = shapes.streamed(createMediaMaker('later'));
  const place = await openS3Place({ legacy: { trustsChecksums: 'repeats sent' } });
  await using scene = await openScene({ library: createLibrary([medium]), place });
  expectExit(await scene.sync(), 0);
  const [file] = await place.files();
  await place.damage(file?.key ?? '', 10);
  const verified = await scene.verify('--deep');
  expectExit(verified, 1);
  expect(eventsOf(verified, 'file.damaged').map(({ key }) => key)).toEqual([file?.key]);
});

test.each(['known', 'new'])('`verify` reads an archive to which it may not write, with a %s tracker', async (tracker) => {
  const place = await openS3Place();
  await using scene = await openScene({ library: createLibrary([shapes.held(createMediaMaker('read-only'))]), place });
  expectExit(await scene.sync(), 0);
  if (tracker === 'new') await rm(scene.home, { recursive: true });
  const stored = place.store.objects().map(({ key, etag }) => [key, etag]);
  place.store.faults.push({ match: { operation: 'PutObject' }, action: { kind: 'error', code: 'AccessDenied' } });
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ files: 1, missing: 0, damaged: 0 });
  expect(eventsOf(verified, 'warning')).toEqual([
    expect.objectContaining({ message: expect.stringContaining('without its lease') }),
  ]);
  expect(place.store.objects().map(({ key, etag }) => [key, etag])).toEqual(stored);
  expectExit(await scene.sync(), 6);
});

test('a run without new media reads its lease once, and writes it when the run begins and when it ends', async () => {
  const place = await openS3Place();
  await using scene = await openScene({ library: createLibrary([shapes.held(createMediaMaker('quiet'))]), place });
  expectExit(await scene.sync(), 0);
  const before = place.store.requests.length;
  expectExit(await scene.sync(), 0);
  const about = place.store.requests.slice(before).filter(({ key }) => key === own('lease'));
  expect(about.map(({ operation }) => operation)).toEqual(['GetObject', 'PutObject', 'PutObject']);
});

/** The content of `capabilities.json`, in which an older version recorded what the store can do. */
const oldAnswers = JSON.stringify({ conditionalWrites: 'honoured', trailers: true, fullObjectCrc32: true, tags: 'atCreate' });

/** The entity tags of all archived objects. A replaced object gets another tag. */
function tagsOf(store: S3Store): ReadonlyMap<string, string> {
  const archived = store.objects().filter(({ key }) => !key.startsWith(own('')));
  return new Map(archived.map(({ key, etag }) => [key, etag]));
}

test('no object is replaced in a copy of an archive on a store that ignores conditions', async () => {
  const maker = createMediaMaker('copied');
  const [first, early] = [maker.photo(), maker.video(70_000)];
  const photos = Array.from({ length: 12 }, () => maker.photo());
  const late = maker.video(70_000);
  const library = createLibrary([first]);
  const place = await openS3Place({ legacy: { ignoresIfNoneMatch: true } });
  await place.addForeign('.cloud-sync/capabilities.json', oldAnswers);
  await using scene = await openScene({ library, place });
  await using other = await makeTempDir();
  const environment = { CLOUD_SYNC_HOME: join(other.path, 'home') };
  // Both homes adopt the archive before the other home archives the videos.
  expectExit(await scene.sync(), 0);
  expectExit(await scene.startSync({ environment }).ended, 0);
  for (const medium of [early, ...photos, late]) library.add(medium);
  expectExit(await scene.sync('--type', 'Video'), 0);
  const before = tagsOf(place.store);
  expect(before.size).toBe(3);
  const run = await scene.startSync({ args: ['--concurrency', '1'], environment }).ended;
  expectExit(run, 0);
  const after = tagsOf(place.store);
  expect(new Map([...after].filter(([key]) => before.has(key)))).toEqual(before);
  expect(place.store.content('archive', own('capabilities.json')).toString()).toBe(oldAnswers);
  await scene.expectComplete();
  const warnings = eventsOf(run, 'warning').filter(({ message }) => message.includes('no lease'));
  expect(warnings).toHaveLength(1);
  expect(place.store.objects().map(({ key }) => key)).not.toContain(own('lease'));
});

test.each(['InvalidRequest', 'InternalError'] as const)(
  'an error during the probe (%s) has no effect on the next run',
  async (code) => {
    const place = await openS3Place({
      faults: [{ match: { operation: 'PutObject', keyPart: '.cloud-sync/probe' }, action: { kind: 'error', code } }],
    });
    await using scene = await openScene({ library: createLibrary([createMediaMaker('probe').photo()]), place, inProcess: true });
    expectExit(await scene.sync(), 6);
    expect(await place.files()).toEqual([]);
    place.store.faults.length = 0;
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    const names = place.store.objects().map(({ key }) => key);
    expect(names).toContain(own('lease'));
    expect(names).not.toContain(own('capabilities.json'));
    expect(JSON.parse(place.store.content('archive', own('lease')).toString())).toMatchObject({ fence: 1, released: true });
  },
);

test('one of two runs from two homes to one bucket works, and the other ends as locked', async () => {
  const medium = createMediaMaker('two-homes').photo();
  const environment = { CLOUD_SYNC_LEASE_TERM_MS: '2000' };
  await using scene = await openScene({
    library: createLibrary([medium]),
    place: await openS3Place(),
    stallMs: 30_000,
    environment,
  });
  await using other = await makeTempDir();
  const second = { environment: { CLOUD_SYNC_HOME: join(other.path, 'home') } };
  scene.cloud.faults.set([
    { match: { endpoint: 'file', method: 'GET', attempt: 1 }, action: { type: 'stall', afterBytes: 1_000, forMs: 8_000 } },
  ]);
  const first = scene.startSync();
  await waitUntil('the run waits', () => scene.cloud.requests.some(({ bytesSent }) => bytesSent === 1_000));
  const locked = await scene.startSync(second).ended;
  expectExit(locked, 4);
  expect(eventsOf(locked, 'run.finished')[0]?.error?.message).toContain(`process ${first.pid}`);
  expectExit(await first.ended, 0);
  await scene.expectComplete();
  await scene.clearRequests();
  expectExit(await scene.startSync(second).ended, 0);
  expect(scene.cloud.stats().cdnBytesSent).toBe(0);
  await scene.expectComplete();
});

/** A file of each kind of upload. */
function oneOfEach() {
  const maker = createMediaMaker('aws');
  return createLibrary([shapes.held(maker), shapes.streamed(maker), shapes.multipart(maker)]);
}

describe('the address of AWS', () => {
  const shim = new URL('../support/aws-at-loopback.ts', import.meta.url).href;
  const atAws = ({ store }: S3Place) => ({
    NODE_OPTIONS: `--import=${shim}`,
    CLOUD_SYNC_S3_ENDPOINT: `http://s3.eu-west-3.amazonaws.com:${new URL(store.endpoint).port}`,
  });

  test('AWS is not probed', async () => {
    const place = await openS3Place();
    await using scene = await openScene({ library: oneOfEach(), place, environment: atAws(place) });
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expect(place.store.requests.filter(({ key }) => key === own('probe'))).toEqual([]);
    const keys = place.store.objects().map(({ key }) => key);
    expect(keys.filter((key) => key.startsWith(own('')))).toEqual([own('archive.json'), own('lease')]);
  });

  test('AWS archives without tags if it denies tags, and warns once', async () => {
    const place = await openS3Place({ legacy: { deniesTagging: true } });
    await using scene = await openScene({ library: oneOfEach(), place, environment: atAws(place) });
    const run = await scene.sync();
    expectExit(run, 0);
    await scene.expectComplete();
    expect(eventsOf(run, 'warning').filter(({ message }) => message.includes('tags'))).toHaveLength(1);
  });

  test('another store behind AWS_ENDPOINT_URL is probed although no endpoint is set', async () => {
    const place = await openS3Place({ legacy: { ignoresIfNoneMatch: true } });
    const environment = { CLOUD_SYNC_S3_ENDPOINT: '', AWS_ENDPOINT_URL_S3: place.store.endpoint };
    await using scene = await openScene({ library: oneOfEach(), place, environment });
    const run = await scene.sync();
    expectExit(run, 0);
    await scene.expectComplete();
    expect(place.store.requests.some(({ key }) => key === own('probe'))).toBe(true);
    expect(eventsOf(run, 'warning').filter(({ message }) => message.includes('no lease'))).toHaveLength(1);
  });
});
