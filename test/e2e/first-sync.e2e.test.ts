import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectedWaiting } from '../../src/sim/gopro/library/library.ts';
import { expectExactly, fileOf, wantedOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { openS3Place, placeKinds, type DiskPlace, type S3Place } from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';

describe.each(placeKinds)('the library of the preset `small`, archived on %s', (kind) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openSceneAt(kind);
  });
  afterAll(async () => scene[Symbol.asyncDispose]());

  test('one run archives the whole library', async () => {
    const { cloud } = scene;
    const wanted = await wantedOf(cloud.library);
    const bytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const run = await scene.sync();
    expectExit(run, 0);
    expectExactly(await scene.place.files(), wanted);
    const waiting = expectedWaiting(cloud.library).length;
    expect(run.finished).toMatchObject({
      outcome: 'clean',
      media: { listed: cloud.library.size, added: cloud.library.size, waiting, failed: 0, quarantined: 0, sourceDeleted: 0 },
      files: { archived: wanted.length, skipped: 0, failed: 0, waiting, sourceDeleted: 0, quarantined: 0, pending: 0 },
      bytes: { archived: bytes, fetched: bytes },
    });
    expect(new Set(eventsOf(run, 'medium.waiting').map(({ mediaId }) => mediaId))).toEqual(
      new Set(expectedWaiting(cloud.library)),
    );
    expect(eventsOf(run, 'file.archived')).toHaveLength(wanted.length);
    expect(run.peakRssBytes).toBeLessThan(300 * 1024 * 1024);
  });

  test('a second run sends two requests plus one for each waiting medium, and fetches no media byte', async () => {
    const { cloud } = scene;
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    const { search = 0, user = 0, medium = 0, download = 0, file = 0, fileHead = 0, ...others } = cloud.stats().requests;
    expect(search + user).toBeLessThanOrEqual(2);
    // The listing shows half of the waiting media as ready. A resolve shows that these media wait.
    const half = expectedWaiting(cloud.library).length / 2;
    expect({ medium, download, file, fileHead, others }).toEqual({
      medium: half,
      download: half,
      file: 0,
      fileHead: 0,
      others: {},
    });
    expect(run.finished.bytes).toEqual({ archived: 0, fetched: 0 });
    expect(run.finished.files).toMatchObject({ archived: 0, skipped: (await wantedOf(cloud.library)).length });
    await scene.expectComplete();
  });

  test('`verify` sends no request to the provider', async () => {
    await scene.clearRequests();
    const run = await scene.verify();
    expectExit(run, 0);
    const wanted = await wantedOf(scene.cloud.library);
    const bytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(run.finished.verified).toEqual({
      files: wanted.length,
      bytes,
      missing: 0,
      damaged: 0,
      suspect: 0,
      unknown: 0,
      // On S3 nothing is read, and the store of the test computes no MD5.
      proven: kind === 'disk' ? wanted.length : 0,
      disputed: 0,
      lost: 0,
      superseded: 0,
      unreadable: 0,
    });
    expect(scene.cloud.requests).toEqual([]);
  });

  test('a later run with `--include` fetches edits and sidecars, and nothing else', async () => {
    await scene.clearRequests();
    const before = await wantedOf(scene.cloud.library);
    const after = await wantedOf(scene.cloud.library, { edits: true, sidecars: true });
    const run = await scene.sync('--include', 'edits,sidecars');
    expectExit(run, 0);
    expectExactly(await scene.place.files(), after);
    expect(run.finished.files.archived).toBe(after.length - before.length);
    const added = after.filter(({ sha256 }) => !before.some((file) => file.sha256 === sha256));
    expect(scene.cloud.stats().cdnBytesSent).toBe(added.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  });

  test('the output, the home and the archive contain no secret', async () => {
    await scene.expectNoSecrets();
  });
});

test('each object on S3 carries its own description', async () => {
  const place = await openS3Place({ md5: true });
  await using scene = await openScene<S3Place>({ place, inProcess: true });
  expectExit(await scene.sync('--type', 'Burst', '--type', 'Video'), 0);
  const objects = place.store.objects().filter(({ key }) => !key.includes('/.cloud-sync/'));
  const wanted = await wantedOf(scene.cloud.library);
  for (const { key, metadata, tags } of objects) {
    expect(tags, key).toEqual({ Source: 'GoPro', AutoSync: 'True', UploadDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    const id = metadata['media-id'] ?? '';
    const medium = scene.cloud.library.get(id);
    expect(key).toContain(id);
    expect(decodeURIComponent(metadata['original-name'] ?? '')).toBe((medium?.record.filename ?? '').toWellFormed());
    expect(metadata['captured-at']).toBe(medium?.record.captured_at ?? undefined);
    expect(Number(metadata['originals'])).toBe(wanted.filter(({ mediaId }) => mediaId === id).length);
  }
  expect(objects.some(({ partSizesBytes }) => partSizesBytes.length > 1)).toBe(true);
});

test('each file on a disk has its capture time as modification time', async () => {
  await using scene = await openScene<DiskPlace>({ inProcess: true });
  expectExit(await scene.sync('--camera', 'GoPro MAX'), 0);
  const found = await scene.place.files();
  expect(found).toHaveLength(3);
  for (const medium of scene.cloud.library.media()) {
    const files = found.filter(({ key }) => key.includes(medium.id));
    for (const { key } of files) {
      const { mtime } = await stat(join(scene.place.directory, key));
      expect(mtime.toISOString()).toBe(new Date(medium.record.captured_at ?? '').toISOString());
    }
  }
});

describe.each(placeKinds)('a run with a choice of media, on %s', (kind) => {
  test('a dry run writes nothing', async () => {
    await using scene = await openSceneAt(kind, { inProcess: true });
    const run = await scene.sync('--dry-run');
    expectExit(run, 0);
    expect(eventsOf(run, 'medium.planned').length).toBeGreaterThan(40);
    expect(await scene.place.files()).toEqual([]);
    expect(await scene.place.ownTexts()).toBe('');
    if (kind === 'disk') expect(existsSync(scene.place.to)).toBe(false);
    const { file = 0, fileHead = 0 } = scene.cloud.stats().requests;
    expect({ file, fileHead }).toEqual({ file: 0, fileHead: 0 });
    // The dry run recorded no archive in the home, so a real run may begin a new archive here.
    expectExit(await scene.sync('--type', 'Burst'), 0);
  });

  test('a run archives the media that its filters choose, and the archive keeps the media of earlier runs', async () => {
    await using scene = await openSceneAt(kind, { inProcess: true });
    const wanted = await wantedOf(scene.cloud.library);
    const media = [...scene.cloud.library.media()];
    const runWith = async (args: readonly string[], covered: (medium: (typeof media)[number]) => boolean) => {
      for (const medium of media) if (covered(medium)) chosen.add(medium.id);
      const run = await scene.sync(...args);
      expectExit(run, 0);
      expectExactly(
        await scene.place.files(),
        wanted.filter(({ mediaId }) => chosen.has(mediaId)),
      );
      return run;
    };
    const chosen = new Set<string>();
    const run = await runWith(['--type', 'Burst,Continuous'], ({ record }) => ['Burst', 'Continuous'].includes(record.type));
    expect(run.finished.files).toMatchObject({ archived: 15, skipped: 0, waiting: 0, pending: 0 });
    await runWith(['--camera', 'GoPro MAX'], ({ record }) => record.camera_model === 'GoPro MAX');
    await runWith(['--since', '2025-10-31', '--until', '2025-11-01'], ({ record }) =>
      /^2025-(10-31|11-01)/.test(record.captured_at ?? record.created_at),
    );
    await runWith(['--name', 'gopr000*'], ({ record }) => /^gopr000/i.test(record.filename));
    const last = await runWith([], () => true);
    expect(last.finished.files).toMatchObject({ archived: wanted.length - last.finished.files.skipped });
  });
});

test('two archives filled from one home are both complete', async () => {
  await using scene = await openScene<DiskPlace>();
  expectExit(await scene.sync('--type', 'Photo'), 0);
  await using other = await openS3Place();
  const environment = scene.environment(other.environment);
  const run = await scene.startSync({ args: ['--to', other.to], environment }).ended;
  expectExit(run, 0);
  expectExactly(await other.files(), await wantedOf(scene.cloud.library));
  // A further run to the first archive finds nothing to archive.
  const again = await scene.sync('--type', 'Photo');
  expectExit(again, 0);
  expect(again.finished.files.archived).toBe(0);
  fileOf(
    await scene.place.files(),
    [...scene.cloud.library.media()].find(({ record }) => record.filename === 'GOPR0102.JPG')?.id ?? '',
  );
});
