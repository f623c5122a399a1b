/** Files of many parts in invocations that end too early. */
import { setTimeout as delay } from 'node:timers/promises';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Fault } from '../../../src/sim/gopro/faults/faults.ts';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { startServer, type ForeignServer } from '../../s3/support/servers.ts';
import { createMediaMaker, partBytes } from '../../support/simulated-media.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { account } from '../support/aws.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene, type EngineScene, type EngineSceneOptions } from '../support/engine-scene.ts';
import { childrenOf, describeEnded } from '../support/execution.ts';

const storeName = inject('archiveStore');
const sizeBytes = 5 * partBytes - 12_345;

let engine: Engine;
let store: ForeignServer | undefined;

beforeAll(async () => {
  engine = await startEngine();
  if (storeName !== 'ministack') store = await startServer(storeName, { accessKeyId: account, secretAccessKey: 'test' });
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

/** Opens a scene with one video whose parts are fetched one after the other. */
async function openVideo(seed: string, options: EngineSceneOptions): Promise<EngineScene> {
  const library = createLibrary([createMediaMaker(seed).video(sizeBytes)]);
  const environment = { CLOUD_SYNC_CONCURRENCY: '1', ...options.environment };
  return openEngineScene(engine, { ...options, library, environment, ...(store && { store }) });
}

/** The reply to the first request for the third part stops in the middle. */
const silence: Fault = {
  match: { endpoint: 'file', method: 'GET', rangeStartAtLeast: 2 * partBytes, attempt: 1 },
  action: { type: 'stall', afterBytes: 1_000_000 },
};

/** Kills or freezes video-downloader in the third part, when the first two parts are stored. */
async function haltInThirdPart(scene: EngineScene, how: 'kill' | 'freeze'): Promise<void> {
  const { cloud } = scene;
  await waitUntil('the silence', () => cloud.faults.hits()['stall'] === 1);
  await expect.poll(async () => scene.storedParts(), { timeout: 10_000 }).toEqual([partBytes, partBytes]);
  // The function records a part a moment after the bucket has stored it.
  await delay(1_000);
  await scene.haltDownloader(how);
}

/** The number of requests for each part of the file. */
function partRequests({ cloud }: EngineScene): number[] {
  const starts = cloud.requests.flatMap(({ endpoint, method, range }) =>
    endpoint === 'file' && method === 'GET' ? [Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)] : [],
  );
  return [0, 1, 2, 3, 4].map((part) => starts.filter((start) => Math.floor(start / partBytes) === part).length);
}

/** MiniStack refuses full-object checksums of multi-part uploads. */
const checksumTypes = { ministack: 'COMPOSITE', versitygw: 'FULL_OBJECT' } as const;

async function checksumType(scene: EngineScene): Promise<string | undefined> {
  const [file] = await scene.files();
  const head = await scene.s3.send(new HeadObjectCommand({ Bucket: scene.bucket, Key: file?.key, ChecksumMode: 'ENABLED' }));
  return head.ChecksumType;
}

test('if an invocation hangs until its time limit, the next invocation continues from the stored parts', async () => {
  const environment = { CLOUD_SYNC_STALL_TIMEOUT_MS: '60000' };
  await using scene = await openVideo('frozen', { faults: [silence], environment, downloaderTimeoutSeconds: 15 });
  const execution = await scene.start();
  await haltInThirdPart(scene, 'freeze');
  const run = await execution.ended();
  expect([run.status, run.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  await scene.expectComplete();
  expect(partRequests(scene)).toEqual([1, 1, 2, 1, 1]);
  expect(await engine.notifications()).toEqual([]);
});

test('an invocation that is killed fails its file for this run, and the next run continues from the stored parts', async () => {
  const environment = { CLOUD_SYNC_STALL_TIMEOUT_MS: '60000' };
  await using scene = await openVideo('killed', { faults: [silence], environment });
  const execution = await scene.start();
  await haltInThirdPart(scene, 'kill');
  // On AWS a killed invocation is a `Runtime.ExitError` and is tried again immediately. In the
  // emulator it is a `Runtime.HandlerError`, like every error except a time-out.
  const run = await execution.ended();
  expect([run.status, run.states.includes('NotifyPartialFailure')]).toEqual(['SUCCEEDED', true]);
  expect(await engine.notifications()).toHaveLength(1);
  const next = await scene.run();
  expect(next.status).toBe('SUCCEEDED');
  await scene.expectComplete();
  expect(partRequests(scene)).toEqual([1, 1, 2, 1, 1]);
});

// Most of the time for a part is a fixed delay, so the test also passes on a busy machine.
test('with a deadline of a few seconds one file takes several slices, and no byte comes twice', async () => {
  const slowly: Fault = { match: { endpoint: 'file', method: 'GET' }, action: { type: 'delay', ms: 2_500 } };
  await using scene = await openVideo('slices', { faults: [slowly], environment: { CLOUD_SYNC_SLICE_SECONDS: '10' } });
  const run = await scene.run();
  expect([run.status, run.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  await scene.expectComplete();
  expect(scene.cloud.stats().cdnBytesSent).toBe(sizeBytes);
  const [child = ''] = await childrenOf(engine.aws, run.arn);
  const { history } = await describeEnded(engine.aws, child);
  expect(history.filter(({ type }) => type === 'TaskSucceeded').length).toBeGreaterThanOrEqual(3);
  expect(await checksumType(scene)).toBe(checksumTypes[storeName]);
});

test('no log, history, notification, bucket or table holds a secret', async () => {
  await engine.expectNoSecrets();
});
