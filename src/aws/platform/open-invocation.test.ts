import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { startS3Store } from '../../../test/s3-server/index.ts';
import { readEnvironment } from './environment.ts';
import { openInvocation } from './open-invocation.ts';
import { createTelemetry } from './telemetry.ts';

const execution = { arn: 'arn:aws:states:eu-west-1:1:execution:m:night-1', name: 'night-1', started_at: '2026-11-21T04:15:00Z' };
const archiveKey = '.cloud-sync/archive.json';

afterEach(() => vi.unstubAllEnvs());

/** Starts a fake DynamoDB table that stores only the id of its archive. */
async function startTable(initial?: string) {
  let bound = initial;
  const answer = (asked: string) => {
    const { Item } = JSON.parse(asked) as { readonly Item?: { readonly archive_id?: { readonly S: string } } };
    bound = Item?.archive_id?.S ?? bound;
    return Item || bound === undefined ? {} : { Item: { archive_id: { S: bound } } };
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    void text(request).then((asked) => response.end(JSON.stringify(answer(asked))));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint, bound: () => bound, [Symbol.asyncDispose]: close };
}

async function openScene({
  bound,
  archiveBucket = 'archive',
}: { readonly bound?: string; readonly archiveBucket?: string } = {}) {
  await using stack = new AsyncDisposableStack();
  const table = stack.use(await startTable(bound));
  const store = stack.use(await startS3Store({ buckets: ['archive', 'runs'] }));
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_ENDPOINT_URL', table.endpoint);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', store.endpoint);
  const environment = readEnvironment({
    ...process.env,
    CLOUD_SYNC_STAGE: 'dev',
    CLOUD_SYNC_TABLE: 'table',
    CLOUD_SYNC_ARCHIVE_BUCKET: archiveBucket,
    CLOUD_SYNC_RUNS_BUCKET: 'runs',
    CLOUD_SYNC_SECRET: 'gopro/credentials',
  });
  const open = () => {
    const telemetry = createTelemetry({ functionName: 'run-manager', execution, stage: 'dev', provider: 'gopro' });
    return openInvocation(environment, { execution, telemetry, remainingMs: () => 10_000 });
  };
  const invocation = stack.use(open());
  const kept = stack.move();
  return { table, store, invocation, open, [Symbol.asyncDispose]: async () => kept.disposeAsync() };
}

test('a caller that may create an archive creates one in an empty bucket with an unused table', async () => {
  await using scene = await openScene();
  const { archiveId } = await scene.invocation.openTracker('gopro', { create: true });
  expect(JSON.parse(scene.store.content('archive', archiveKey).toString())).toMatchObject({ id: archiveId });
  expect(scene.table.bound()).toBe(archiveId);

  await using later = scene.open();
  expect((await later.openTracker('gopro')).archiveId).toBe(archiveId);
});

test('a caller that may not create an archive gets an error if the bucket has no archive', async () => {
  await using scene = await openScene();
  await expect(scene.invocation.openTracker('gopro')).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN' });
  expect(scene.store.objects()).toEqual([]);
  expect(scene.table.bound()).toBeUndefined();
});

test('an archive that the table knows is not created again in an empty bucket', async () => {
  await using scene = await openScene({ bound: 'the-archive' });
  const opening = scene.invocation.openTracker('gopro', { create: true });
  await expect(opening).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN', message: expect.stringContaining('the-archive') });
  expect(scene.store.objects()).toEqual([]);
});

test('an archive whose ledger was lost gets a new ledger and keeps its id', async () => {
  await using scene = await openScene();
  await scene.invocation.destination.initialise('the-archive');
  expect((await scene.invocation.openTracker('gopro')).archiveId).toBe('the-archive');
  expect(scene.table.bound()).toBe('the-archive');
});

test('a table that belongs to another archive is refused', async () => {
  await using scene = await openScene({ bound: 'another' });
  await scene.invocation.destination.initialise('the-archive');
  await expect(scene.invocation.openTracker('gopro')).rejects.toMatchObject({ code: 'TRACKER_UNUSABLE' });
  expect(scene.table.bound()).toBe('another');
});

test('the error about a missing bucket names the bucket', async () => {
  await using scene = await openScene({ archiveBucket: 'elsewhere' });
  const opening = scene.invocation.openTracker('gopro', { create: true });
  await expect(opening).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE', message: expect.stringContaining('elsewhere') });
});

test('an invocation reads the objects that an earlier invocation of the same run wrote', async () => {
  await using scene = await openScene();
  expect(await scene.invocation.runs.read('listing.json')).toBeUndefined();
  await scene.invocation.runs.write('listing.json', '{"a":"ü"}');
  await using later = scene.open();
  expect(await later.runs.read('listing.json')).toBe('{"a":"ü"}');
  expect(scene.store.objects().map(({ bucket, key }) => `${bucket}/${key}`)).toEqual(['runs/runs/night-1/listing.json']);
});
