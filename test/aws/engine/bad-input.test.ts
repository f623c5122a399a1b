/**
 * Mistakes and accidents in a deployment. Each ends in a named error and one notification that says
 * what to do, and nothing is lost.
 */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { DescribeStateMachineCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../../src/sim/gopro/faults/catalogue.ts';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { startS3Store } from '../../s3-server/index.ts';
import { createMediaMaker } from '../../support/simulated-media.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene, type EngineScene } from '../support/engine-scene.ts';
import type { EndedExecution } from '../support/execution.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

async function openPhotos(seed: string, environment: Readonly<Record<string, string>> = {}): Promise<EngineScene> {
  const maker = createMediaMaker(seed);
  return openEngineScene(engine, { library: createLibrary([maker.photo(), maker.photo()]), environment });
}

/**
 * Expects that the run failed and fetched nothing, and that one notification names the error and
 * gives the advice.
 */
async function expectReported(scene: EngineScene, run: EndedExecution, error: string, advice: RegExp): Promise<void> {
  expect([run.status, run.error]).toEqual(['FAILED', 'CloudSync.Notified']);
  const told = await engine.notifications();
  expect(told).toEqual([{ subject: expect.stringContaining(error), message: expect.stringMatching(advice) }]);
  expect(scene.cloud.stats().cdnBytesSent).toBe(0);
}

/** Expects that a run archives everything after the mistake is corrected. */
async function expectMended(scene: EngineScene): Promise<void> {
  expect((await scene.run()).status).toBe('SUCCEEDED');
  await scene.expectComplete();
  await engine.notifications();
}

test('a missing secret fails the run with the `login` command as advice', async () => {
  await using scene = await openPhotos('missing-secret', { CLOUD_SYNC_SECRET: 'nobody/credentials' });
  await expectReported(scene, await scene.run(), 'CREDENTIALS_MISSING', /cloud-sync login gopro --to-secret nobody\/credentials/);
  await scene.reconfigure({ CLOUD_SYNC_SECRET: engine.deployment.secret });
  await expectMended(scene);
});

const malformed = 'wrong-but-still-nobodys-business';

test.each([
  ['no JSON', `{"gopro": {"access_token": "${malformed}`],
  ['JSON of another kind', JSON.stringify({ gp_access_token: malformed })],
  ['an empty text', ' '],
  ['a token that no header can hold', JSON.stringify({ access_token: `${malformed}\nX-Other: header` })],
])('a secret that holds %s fails the run with the `login` command as advice', async (_what, SecretString) => {
  await using scene = await openPhotos('malformed-secret');
  engine.keepSecret(malformed);
  await engine.aws.secrets.send(new PutSecretValueCommand({ SecretId: engine.deployment.secret, SecretString }));
  await expectReported(scene, await scene.run(), 'CREDENTIALS_MISSING', /cloud-sync login gopro --to-secret/);
  await scene.putCredentials();
  await expectMended(scene);
});

test('a missing bucket fails the run, and the notification names the bucket', async () => {
  await using scene = await openPhotos('missing-bucket', { CLOUD_SYNC_ARCHIVE_BUCKET: 'no-such-bucket-anywhere' });
  await expectReported(scene, await scene.run(), 'DESTINATION_UNUSABLE', /no-such-bucket-anywhere/);
  await scene.reconfigure({ CLOUD_SYNC_ARCHIVE_BUCKET: scene.bucket });
  await expectMended(scene);
});

test('a bucket in another region fails the run, and the notification names that region', async () => {
  // The emulator serves every bucket in every region. So this test uses our own store, which is as
  // strict as S3.
  const bucket = 'archive-elsewhere';
  await using store = await startS3Store({ buckets: [bucket], region: 'eu-west-3' });
  await using scene = await openPhotos('wrong-region', {
    CLOUD_SYNC_S3_ENDPOINT: store.endpoint,
    CLOUD_SYNC_ARCHIVE_BUCKET: bucket,
  });
  await expectReported(scene, await scene.run(), 'DESTINATION_UNUSABLE', /eu-west-3/);
});

test('a missing table fails the run, and the notification names the table', async () => {
  await using scene = await openPhotos('missing-table', { CLOUD_SYNC_TABLE: 'no-such-table-anywhere' });
  await expectReported(scene, await scene.run(), 'TRACKER_UNUSABLE', /no-such-table-anywhere/);
});

test.each([
  ['an unknown provider', { provider: 'dropbox' }, /provider/],
  ['a list', ['gopro'], /input/],
  ['an unknown trigger', { trigger: 'by hand' }, /trigger/],
])('an input that is %s fails the run as a usage error', async (_what, input, named) => {
  await using scene = await openPhotos('wrong-input');
  await expectReported(scene, await scene.run(input as object), 'USAGE', named);
});

/** Runs the deployed machine with a manifest that the lister did not write. */
async function runManifest(scene: EngineScene, lines: readonly string[]): Promise<EndedExecution> {
  const { sfn, s3 } = engine.aws;
  const { machineArn: stateMachineArn, runsBucket } = engine.deployment;
  const key = 'runs/by-hand/manifest.jsonl';
  await s3.send(new PutObjectCommand({ Bucket: runsBucket, Key: key, Body: lines.join('\n') }));
  const { definition = '{}' } = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const machine = JSON.parse(definition) as { readonly States: object };
  const listing = { slices: 1, total_found: 2, new_count: 2, already_synced: 0, work_lines: 2, manifest_key: key };
  const ListMedia = { Type: 'Pass', Result: listing, ResultPath: '$.listing', Next: 'DownloadVideos' };
  const changed = JSON.stringify({ ...machine, States: { ...machine.States, ListMedia } });
  await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: changed }));
  try {
    return await scene.run();
  } finally {
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
  }
}

test('a manifest that is not JSON fails the run with one notification', async () => {
  await using scene = await openPhotos('broken-manifest');
  const run = await runManifest(scene, ['{"line": 1, "media": [']);
  // On AWS the machine catches this error as `States.ItemReaderFailed`. The emulator ends the
  // execution and ignores the catch. Both send one notification.
  expect(run.status).toBe('FAILED');
  expect(await engine.notifications()).toHaveLength(1);
  await expectMended(scene);
});

test('a manifest line with JSON of a wrong shape fails, and the other lines are archived', async () => {
  await using scene = await openPhotos('broken-line');
  const [good, other] = [...scene.cloud.library.media()];
  scene.cloud.faults.set(faultCatalogue.cdn404Always());
  await scene.run();
  await engine.notifications();
  scene.cloud.faults.clear();
  const run = await runManifest(scene, [JSON.stringify({ line: 1, media: [good!.id] }), '{"line": "x", "medium": 7}']);
  expect([run.status, run.states.includes('NotifyPartialFailure')]).toEqual(['SUCCEEDED', true]);
  expect(await engine.notifications()).toEqual([
    { subject: expect.stringContaining('1 file not archived, 1 archived'), message: expect.stringContaining(other!.id) },
  ]);
  await expectMended(scene);
});

test('no log, history, notification, bucket or table holds a secret', async () => {
  await engine.expectNoSecrets();
});
