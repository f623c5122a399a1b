/** Executions that end before all work is done, and the notifications that they send. */
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../../src/sim/gopro/faults/catalogue.ts';
import type { Fault } from '../../../src/sim/gopro/faults/faults.ts';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { createMediaMaker } from '../../support/simulated-media.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene } from '../support/engine-scene.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

function photos(seed: string, count: number) {
  const maker = createMediaMaker(seed);
  return Array.from({ length: count }, () => maker.photo());
}

/** Delays each request to the endpoint `download`, so that a test can act during a run. */
const slowly: Fault = { id: 'slowly', match: { endpoint: 'download' }, action: { type: 'delay', ms: 300 } };

function countOf(statuses: Readonly<Record<string, string>>, status: string): number {
  return Object.values(statuses).filter((each) => each === status).length;
}

test('a medium that failed too often is quarantined, the poison queue and a notification report it, and all others are archived', async () => {
  const media = photos('quarantine', 6);
  const broken = media[2]!;
  const faults = faultCatalogue.cdn403Always({ mediaId: broken.id });
  const environment = { CLOUD_SYNC_QUARANTINE_AFTER: '1' };
  await using scene = await openEngineScene(engine, { library: createLibrary(media), faults, environment });
  const run = await scene.run();
  expect([run.status, run.states.includes('NotifyPartialFailure')]).toEqual(['SUCCEEDED', true]);
  const statuses = await scene.statuses();
  expect([countOf(statuses, 'COMPLETED'), countOf(statuses, 'QUARANTINED')]).toEqual([5, 1]);
  expect(await scene.files()).toHaveLength(5);
  expect(await engine.poisoned()).toEqual([expect.objectContaining({ provider: 'gopro', media: [broken.id], quarantined: 1 })]);
  expect(await engine.notifications()).toEqual([
    {
      subject: expect.stringContaining('1 file not archived, 5 archived'),
      message: expect.stringContaining(broken.id),
    },
  ]);
  // The medium waits for a person: the next run does not try it, and the queue gets no message.
  scene.cloud.clearLog();
  expect((await scene.run()).status).toBe('SUCCEEDED');
  expect(scene.cloud.requests.filter(({ mediaId }) => mediaId !== undefined)).toEqual([]);
  expect(await engine.poisoned()).toEqual([]);
  await engine.notifications();
});

test('expired cookies fail no file and cause one notification, and cookies that work again cause a second one', async () => {
  await using scene = await openEngineScene(engine, { library: createLibrary(photos('expired', 3)) });
  scene.cloud.expireToken();
  const run = await scene.run();
  expect([run.status, run.error]).toEqual(['FAILED', 'CloudSync.Notified']);
  expect(await engine.notifications()).toEqual([
    {
      subject: expect.stringContaining('refuses the credentials'),
      message: expect.stringContaining('cloud-sync login gopro --to-secret'),
    },
  ]);
  const second = await scene.run();
  expect([second.status, second.error]).toEqual(['FAILED', 'CloudSync.Notified']);
  expect(await engine.notifications()).toEqual([]);
  expect(countOf(await scene.statuses(), 'FAILED')).toBe(0);

  scene.cloud.renewToken();
  await scene.putCredentials();
  const third = await scene.run();
  expect([third.status, third.states.includes('NotifyNotice')]).toEqual(['SUCCEEDED', true]);
  expect(await engine.notifications()).toEqual([
    { subject: expect.stringContaining('work again'), message: expect.stringContaining('3 files archived') },
  ]);
  await scene.expectComplete();
});

test('cookies that expire in the middle of a run stop it without a failure, and the other files stay pending', async () => {
  await using scene = await openEngineScene(engine, { library: createLibrary(photos('midway', 30)), faults: [slowly] });
  const execution = await scene.start();
  // At most ten files are transferred at the same time. So at least five files are archived after
  // 15 requests.
  await waitUntil('some archived media', () => (scene.cloud.stats().requests['download'] ?? 0) >= 15);
  scene.cloud.expireToken();
  const run = await execution.ended();
  expect([run.status, run.error]).toEqual(['FAILED', 'CloudSync.Notified']);
  expect(await engine.notifications()).toEqual([
    {
      subject: expect.stringContaining('refuses the credentials'),
      message: expect.stringContaining('cloud-sync login gopro --to-secret'),
    },
  ]);
  expect(await engine.poisoned()).toEqual([]);
  const statuses = await scene.statuses();
  expect([countOf(statuses, 'FAILED'), countOf(statuses, 'QUARANTINED'), countOf(statuses, 'IN_PROGRESS')]).toEqual([0, 0, 0]);
  expect(countOf(statuses, 'COMPLETED')).toBeGreaterThan(0);
  expect(countOf(statuses, 'COMPLETED')).toBeLessThan(30);

  scene.cloud.renewToken();
  scene.cloud.faults.clear();
  await scene.putCredentials();
  expect((await scene.run()).status).toBe('SUCCEEDED');
  await scene.expectComplete();
  expect(await engine.notifications()).toHaveLength(1);
});

test('an execution that starts while another one runs is skipped', async () => {
  await using scene = await openEngineScene(engine, { library: createLibrary(photos('overlap', 8)), faults: [slowly] });
  const first = await scene.start();
  await waitUntil('a resolved medium', () => (scene.cloud.stats().requests['download'] ?? 0) >= 1);
  const second = await scene.run();
  expect([second.status, second.states.at(-1)]).toEqual(['SUCCEEDED', 'RunSkipped']);
  expect(second.output).toMatchObject({ outcome: 'overlap', holder: first.arn });
  expect(await first.status()).toBe('RUNNING');
  expect((await first.ended()).status).toBe('SUCCEEDED');
  await scene.expectComplete();
  expect(await engine.notifications()).toEqual([]);
});

test('an execution that is aborted from outside frees its lease immediately and sends a notification', async () => {
  await using scene = await openEngineScene(engine, { library: createLibrary(photos('aborted', 8)), faults: [slowly] });
  const first = await scene.start();
  await waitUntil('a resolved medium', () => (scene.cloud.stats().requests['download'] ?? 0) >= 1);
  await engine.aws.sfn.send(new StopExecutionCommand({ executionArn: first.arn, cause: 'a person pressed stop' }));
  const second = await scene.run();
  expect([second.status, second.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  const told = await engine.notifications();
  expect(told).toEqual([{ subject: expect.any(String), message: expect.stringContaining(`${first.name} ended as ABORTED`) }]);
  await scene.expectComplete();
});

test('no log, history, notification, bucket or table holds a secret', async () => {
  await engine.expectNoSecrets();
});
