/** A whole library is restored from each kind of place. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectExactly, wantedOf } from '../support/archive.ts';
import { openPlace, placeKinds, type DiskPlace } from '../support/places.ts';
import { openRestoring, sorted } from '../support/restoring.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';

describe.each(placeKinds)('a whole library on %s', (kind) => {
  let scene: Scene;
  let provenFiles = 0;
  beforeAll(async () => {
    scene = await openScene({ preset: 'small', place: await openPlace(kind), inProcess: true });
    const { exitCode, finished } = await scene.sync();
    expect(exitCode).toBe(0);
    provenFiles = finished.files.proven;
  });
  afterAll(async () => scene[Symbol.asyncDispose]());

  test('is restored bit for bit with its times, without the home, and a second run finds it there', async () => {
    await using restoring = await openRestoring(scene.place);
    const beganAtMs = Date.now() - 3_600_000;
    const archived = await scene.place.files();
    const texts = await scene.place.ownTexts();
    const run = await restoring.run({});
    expectExit(run, 0);
    expect(run.restored).toMatchObject({ files: archived.length, skipped: 0, failed: 0, pending: 0, renamed: 0, unknown: 0 });
    // The archive on S3 does not say which part size proved a file.
    expect(run.restored).toMatchObject({ proven: provenFiles, mismatched: 0 });
    expect(provenFiles).toBeGreaterThan(archived.length / 2);
    expect(run.restored.bytes).toBe(archived.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expectExactly(await restoring.files(), await wantedOf(scene.cloud.library));
    expect(sorted(await restoring.files())).toEqual(sorted(archived));
    expect(await restoring.names()).toEqual(['gopro-videos']);
    expect(existsSync(restoring.home)).toBe(false);
    // The archive is as it was, and so are the times of its files.
    expect(await scene.place.ownTexts()).toBe(texts);
    if (scene.place.kind === 'disk') {
      const { directory } = scene.place as DiskPlace;
      for (const { key } of archived) {
        const { mtimeMs } = await stat(join(directory, key));
        // A file without a capture time keeps the time at which it was written.
        if (mtimeMs < beganAtMs) expect((await stat(join(restoring.into, key))).mtimeMs, key).toBe(mtimeMs);
      }
    }
    const again = await restoring.restore();
    expectExit(again, 0);
    expect(again.restored).toMatchObject({ files: 0, skipped: archived.length, failed: 0 });
  });

  test('gets the names of the camera in one folder, and the same names in each run', async () => {
    await using restoring = await openRestoring(scene.place);
    const first = await restoring.restore('--flat', '--type', 'Video,Photo');
    expectExit(first, 0);
    const some = await restoring.files();
    const run = await restoring.restore('--flat');
    expectExit(run, 0);
    expect(run.restored).toMatchObject({ skipped: first.restored.files, failed: 0, leftOut: 0 });
    expect(run.restored.files + run.restored.skipped).toBe((await scene.place.files()).length);
    const files = await restoring.files();
    expect(files.every(({ key }) => !key.includes('/'))).toBe(true);
    expect(files).toEqual(expect.arrayContaining(some));
    expect(files.map(({ sha256 }) => sha256).toSorted()).toEqual(
      (await scene.place.files()).map(({ sha256 }) => sha256).toSorted(),
    );
    const names = new Set(files.map(({ key }) => key));
    // The chapters of a recording have the camera's own names.
    for (const name of ['GX010110.MP4', 'GX020110.MP4', 'GOPR0112.MP4', 'GP010112.MP4']) expect(names).toContain(name);
  });
});
