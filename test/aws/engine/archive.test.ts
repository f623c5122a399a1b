/** Archives one library with the deployed engine and with the local one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue, type FaultName } from '../../../src/sim/gopro/faults/catalogue.ts';
import type { Fault } from '../../../src/sim/gopro/faults/faults.ts';
import { buildLibrary, type SimLibrary } from '../../../src/sim/gopro/library/library.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openSqliteTracker } from '../../../src/tracker/sqlite/index.ts';
import { trackerPath } from '../../../src/cli/archive/known-archives.ts';
import type { FoundFile } from '../../support/places.ts';
import { openS3Place, type S3Place } from '../../support/places.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene, statusesOf } from '../support/engine-scene.ts';
import { largestPayloadBytes } from '../support/execution.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

/** Faults that only strike the first attempt at a file or a medium, or that do no harm. */
const survivable: readonly FaultName[] = [
  'reset',
  'endEarly',
  'short',
  'html200',
  'htmlAsMedia',
  'json200FullLength',
  'cdn403',
  'cdn500',
  'cdn503RetryDate',
  'expireUrl',
  'expireUrlOnResume',
  'ignoreRange',
  'wrongContentRange',
  'gzip',
  'redirect',
  'missingLength',
  'headRefused',
  'delay',
  'resolve401',
  'api500Resolve',
];

/**
 * Gives each medium one survivable fault, in turn. One medium also gets a fault that never ends.
 */
function faultsFor(library: SimLibrary): Fault[] {
  const media = [...library.media()];
  const [hopeless] = media.filter(({ record, waitsFor }) => waitsFor === null && record.filename === 'GX010101.MP4');
  const each = media.flatMap(({ id }, index) => faultCatalogue[survivable[index % survivable.length]!]({ mediaId: id }));
  return [...each, ...faultCatalogue.api429(), ...faultCatalogue.cdn404Always({ mediaId: hopeless!.id })];
}

async function localStatuses(local: Scene<S3Place>): Promise<Readonly<Record<string, string>>> {
  const key = 'my/videos/.cloud-sync/archive.json';
  const { id } = JSON.parse(local.place.store.content('archive', key).toString('utf8')) as { readonly id: string };
  const path = await trackerPath(local.home, id);
  return statusesOf(await openSqliteTracker({ path, archiveId: id, clock: systemClock }));
}

function sorted(files: readonly FoundFile[]): FoundFile[] {
  return files.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

test('the deployed engine makes the same archive and statuses as the local engine, and its third run transfers nothing', async () => {
  const faults = faultsFor(buildLibrary('small'));
  await using local = await openScene<S3Place>({ preset: 'small', faults, place: await openS3Place() });
  await using scene = await openEngineScene(engine, { preset: 'small', faults, deployed: true });

  const [localRun, run] = [await local.sync(), await scene.run()];
  expect([localRun.exitCode, run.status, run.states.at(-1)]).toEqual([1, 'SUCCEEDED', 'SyncComplete']);
  expect(run.states).toContain('NotifyPartialFailure');
  expect(sorted(await scene.files())).toEqual(sorted(await local.place.files()));
  const statuses = await scene.statuses();
  expect(statuses).toEqual(await localStatuses(local));
  expect(new Set(Object.values(statuses))).toEqual(new Set(['RESOLVED', 'WAITING', 'COMPLETED', 'FAILED']));
  const told = await engine.notifications();
  expect(told).toEqual([
    { subject: expect.stringContaining('1 file not archived'), message: expect.stringContaining('GX010101') },
  ]);
  expect(run.history.length).toBeLessThan(100);
  expect(await largestPayloadBytes(engine.aws, run.arn)).toBeLessThan(2_048);

  for (const { cloud } of [local, scene]) cloud.faults.clear();
  const [localSecond, second] = [await local.sync(), await scene.run()];
  expect([localSecond.exitCode, second.status]).toEqual([0, 'SUCCEEDED']);
  await scene.expectComplete();
  expect(sorted(await scene.files())).toEqual(sorted(await local.place.files()));
  expect(await scene.statuses()).toEqual(await localStatuses(local));

  scene.cloud.clearLog();
  const third = await scene.run();
  expect(third.status).toBe('SUCCEEDED');
  expect(scene.cloud.stats()).toMatchObject({ cdnBytesSent: 0, leaks: 0 });
  expect(scene.cloud.stats().requests['file']).toBeUndefined();
  expect(await engine.notifications()).toEqual([]);
}, 240_000);

test('no log, history, notification, bucket or table holds a secret', async () => {
  await engine.expectNoSecrets();
});
