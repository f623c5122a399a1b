/** Runs that end early, and files that fail in run after run. */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { fileOf } from '../support/archive.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, mediaRequests, openScene, openSceneAt } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('credentials that expire in the middle of a run', () => {
  test.each(placeKinds)(
    'a run stops when its credentials expire, and a run with new credentials archives the rest, on %s',
    async (kind) => {
      const maker = createMediaMaker(`expiry-${kind}`);
      const library = createLibrary(Array.from({ length: 12 }, () => maker.photo()));
      await using scene = await openSceneAt(kind, { library, inProcess: true });
      const running = scene.startSync({ args: ['--concurrency', '1'] });
      await waitUntil('a file is archived', () => running.stdout().includes('"file.archived"'));
      scene.cloud.expireToken();
      const run = await running.ended;
      expectExit(run, 3);
      const finished = run.events.at(-1);
      expect(finished).toMatchObject({
        outcome: 'expired',
        error: { code: 'CREDENTIALS_EXPIRED' },
        files: { failed: 0, quarantined: 0 },
        media: { failed: 0 },
      });
      // After the expiry is confirmed, the run sends no further request.
      expect(scene.cloud.stats().statuses[401]).toBeLessThanOrEqual(4);
      expectExit(await scene.sync(), 3);
      scene.cloud.renewToken();
      const renewed = await scene.sync();
      expectExit(renewed, 0);
      expect(renewed.finished.files.skipped).toBeGreaterThan(0);
      await scene.expectComplete();
      await scene.expectNoSecrets();
    },
  );
});

describe('a file or medium that fails again and again', () => {
  test('a file or medium is quarantined when its failed runs reach the limit, and is archived after `retry`', async () => {
    const maker = createMediaMaker('quarantine');
    const bad = maker.photo();
    const unresolved = maker.photo();
    const library = createLibrary([bad, unresolved, maker.photo()]);
    const faults = [
      { match: { host: 'cdn', mediaId: bad.id }, action: { type: 'status', status: 404 } },
      { match: { endpoint: 'download', mediaId: unresolved.id }, action: { type: 'malformedJson' } },
    ] as const;
    await using scene = await openScene({ library, faults, inProcess: true });
    const counts = async () => {
      const run = await scene.sync('--quarantine-after', '2');
      expectExit(run, 1);
      const { failed, quarantined, archived } = run.finished.files;
      return { failed, quarantined, archived };
    };
    expect(await counts()).toEqual({ failed: 2, quarantined: 0, archived: 1 });
    expect(await counts()).toEqual({ failed: 0, quarantined: 2, archived: 0 });
    // A run sends no request about quarantined files, but its exit code still reports them.
    await scene.clearRequests();
    expect(await counts()).toEqual({ failed: 0, quarantined: 2, archived: 0 });
    expect(mediaRequests(scene)).toEqual([]);
    const listed = await scene.run('list', '--to', scene.place.to, '--status', 'quarantined', '--json');
    expect(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { mediaId: string }).mediaId)
        .toSorted(),
    ).toEqual([bad.id, unresolved.id].toSorted());
    scene.cloud.faults.clear();
    expectExit(await scene.run('retry', '--to', scene.place.to), 0);
    const last = await scene.sync();
    expectExit(last, 0);
    expect(last.finished.files).toMatchObject({ archived: 2, quarantined: 0, failed: 0 });
    await scene.expectComplete();
  });
});

describe('an interrupt', () => {
  test.each([
    { signal: 'SIGINT', exitCode: 130, kind: 'disk' },
    { signal: 'SIGTERM', exitCode: 143, kind: 's3' },
  ] as const)(
    'a run on $kind ends in time after $signal, with exit code $exitCode, and keeps its progress',
    async ({ signal, exitCode, kind }) => {
      const maker = createMediaMaker(`interrupted-${kind}`);
      const [first, endless] = [maker.photo(), maker.video(3_000_000)];
      const library = createLibrary([endless, first]);
      const faults = [{ match: { host: 'cdn', mediaId: endless.id }, action: { type: 'stall', afterBytes: 100_000 } }] as const;
      await using scene = await openSceneAt(kind, { library, faults, stallMs: 60_000 });
      const running = scene.startSync();
      await waitUntil('one file is archived and the other one hangs', () => {
        const hangs = scene.cloud.requests.some(({ mediaId, bytesSent }) => mediaId === endless.id && bytesSent === 100_000);
        return hangs && running.stdout().includes('"file.archived"');
      });
      const signalledMs = performance.now();
      running.kill(signal);
      const run = await running.ended;
      // The program promises to end within two seconds. The test allows two more on a busy machine.
      expect(performance.now() - signalledMs).toBeLessThan(4_000);
      expectExit(run, exitCode);
      expect(run.events.at(-1)).toMatchObject({ outcome: 'interrupted', files: { archived: 1, failed: 0 } });
      scene.cloud.faults.clear();
      await scene.clearRequests();
      const next = await scene.sync();
      expectExit(next, 0);
      expect(mediaRequests(scene).some((request) => request.includes(first.id))).toBe(false);
      await scene.expectComplete();
      expect(fileOf(await scene.place.files(), first.id).sizeBytes).toBe(60_000);
    },
  );
});
