/** An S3 store that fails, lies or supports less than S3. */
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { S3Damage, S3Fault, S3FaultAction, S3Legacy } from '../s3-server/faults.ts';
import type { S3ErrorCode, S3Operation } from '../s3-server/wire.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { compare, expectExactly, wantedOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { createMediaMaker, partBytes, shapes, type MediaMaker, type Shape } from '../support/simulated-media.ts';
import { openS3Place } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';

/** How long one run may take, in ms. Some faults make a run wait, and a busy machine is slow. */
const withinMs = 250_000;

interface Trouble {
  readonly shape: Shape;
  readonly operation: S3Operation;
  readonly action: S3FaultAction | S3Damage;
}

const error = (code: S3ErrorCode, more: { readonly within200?: boolean; readonly retryAfterSeconds?: number } = {}) =>
  ({ kind: 'error', code, ...more }) as const;
const lost: readonly S3FaultAction[] = [
  { kind: 'reset', before: 'body' },
  { kind: 'reset', before: 'reply' },
  { kind: 'stall', before: 'body' },
  { kind: 'stall', before: 'reply' },
  { kind: 'replyLost' },
];
const busy = [error('SlowDown'), error('SlowDown', { retryAfterSeconds: 1 }), error('InternalError'), error('TooManyRequests')];
const damages: readonly S3Damage[] = [{ kind: 'cutBody' }, { kind: 'mangleBody' }];

function troubles(shape: Shape, operation: S3Operation, actions: readonly Trouble['action'][]): Trouble[] {
  return actions.map((action) => ({ shape, operation, action }));
}

/** Each of these faults strikes only the first request of its operation for one file. */
const passing: readonly Trouble[] = [
  ...(['held', 'streamed'] as const).flatMap((shape) =>
    troubles(shape, 'PutObject', [
      ...lost,
      ...busy,
      ...damages,
      error('ConditionalRequestConflict'),
      error('PreconditionFailed'),
      error('BadDigest'),
      error('IncompleteBody'),
    ]),
  ),
  // A refused request is repeated only if the file is still in memory.
  ...troubles('held', 'PutObject', [error('NotImplemented')]),
  ...troubles('held', 'HeadObject', [...busy, ...lost]),
  ...troubles('multipart', 'CreateMultipartUpload', [
    error('SlowDown'),
    { kind: 'replyLost' },
    { kind: 'reset', before: 'reply' },
  ]),
  ...troubles('multipart', 'UploadPart', [...lost, error('SlowDown'), error('BadDigest'), error('NoSuchUpload'), ...damages]),
  ...troubles('multipart', 'CompleteMultipartUpload', [
    { kind: 'replyLost' },
    { kind: 'reset', before: 'reply' },
    { kind: 'stall', before: 'reply' },
    error('InternalError'),
    error('InternalError', { within200: true }),
    error('SlowDown', { within200: true }),
    error('ConditionalRequestConflict'),
    error('PreconditionFailed'),
    error('NoSuchUpload'),
    error('InvalidPart'),
    error('BadDigest'),
  ]),
  ...troubles('multipart', 'HeadObject', [error('InternalError'), { kind: 'reset', before: 'reply' }]),
];

/** Each of these faults strikes every request of its operation for one file. */
const lasting: readonly Trouble[] = [
  ...troubles('held', 'PutObject', [error('InternalError'), { kind: 'reset', before: 'body' }, ...damages]),
  ...troubles('streamed', 'PutObject', [{ kind: 'replyLost' }, ...damages]),
  ...troubles('multipart', 'CreateMultipartUpload', [error('InternalError')]),
  ...troubles('multipart', 'UploadPart', [error('InternalError'), { kind: 'reset', before: 'reply' }, ...damages]),
  ...troubles('multipart', 'CompleteMultipartUpload', [error('InternalError', { within200: true }), error('InvalidPart')]),
];

interface Victim extends Trouble {
  readonly medium: SimMedium;
}

function victimsOf(list: readonly Trouble[], maker: MediaMaker): Victim[] {
  return list.map((trouble) => ({ ...trouble, medium: shapes[trouble.shape](maker) }));
}

function faultsOf(victims: readonly Victim[], attempt?: number): S3Fault[] {
  return victims.map(({ operation, action, medium }) => {
    // With `attempt` a fault must not strike revision 2, whose attempts are counted from 1 again.
    // Only the key of revision 1 has a dot directly after the id.
    const keyPart = attempt === undefined ? medium.id : `${medium.id}.`;
    const match = { operation, keyPart, ...(attempt === undefined ? {} : { attempt }) };
    return { match, action } as S3Fault;
  });
}

function nameOf({ shape, operation, action }: Trouble): string {
  return `${shape} ${operation} ${JSON.stringify(action)}`;
}

/**
 * True if the fault cuts or mangles the body of a PUT. The bad file then stays at its key, and the
 * good file gets another key.
 */
function spoilt({ operation, action }: Trouble): boolean {
  return operation === 'PutObject' && (action.kind === 'cutBody' || action.kind === 'mangleBody');
}

test('one run survives faults that strike only the first request', async () => {
  const maker = createMediaMaker('s3-passing');
  const victims = victimsOf(passing, maker);
  const library = createLibrary(victims.map(({ medium }) => medium));
  await using scene = await openScene({
    library,
    place: await openS3Place({ faults: faultsOf(victims, 1) }),
    stallMs: 2_500,
    withinMs,
  });
  const run = await scene.sync('--concurrency', '16');
  const { missing, surplus } = compare(await scene.place.files(), await wantedOf(library));
  const broken = victims.filter(({ medium }) => missing.some((file) => file.startsWith(medium.id)));
  const reasons = eventsOf(run, 'file.failed').map(({ mediaId, code, reason }) => `${mediaId} ${code} ${reason}`);
  expect({ broken: broken.map(nameOf), reasons }).toEqual({ broken: [], reasons: [] });
  expectExit(run, 0);
  const unaccounted = surplus.filter((file) => !victims.some((victim) => spoilt(victim) && file.includes(victim.medium.id)));
  expect(unaccounted).toEqual([]);
  expect(surplus).toHaveLength(victims.filter(spoilt).length);
  expectExit(await scene.verify('--deep'), 0);
  await scene.expectNoSecrets();
});

test('a lasting fault fails only its own file, with the reason, and a run after the fault archives the file', async () => {
  const maker = createMediaMaker('s3-lasting');
  const victims = victimsOf(lasting, maker);
  const healthy = [shapes.held(maker), shapes.streamed(maker), shapes.multipart(maker)];
  const library = createLibrary([...victims.map(({ medium }) => medium), ...healthy]);
  const place = await openS3Place({ faults: faultsOf(victims) });
  await using scene = await openScene({ library, place, stallMs: 2_500, withinMs });
  const wanted = await wantedOf(library);
  const run = await scene.sync('--concurrency', '16');
  expectExit(run, 1);
  for (const victim of victims) {
    const failures = eventsOf(run, 'file.failed').filter(({ mediaId }) => mediaId === victim.medium.id);
    const archived = eventsOf(run, 'file.archived').filter(({ mediaId }) => mediaId === victim.medium.id);
    // If only the replies are lost, a HEAD shows that the file is stored.
    const expected = victim.action.kind === 'replyLost' ? { failures: 0, archived: 1 } : { failures: 1, archived: 0 };
    expect({ failures: failures.length, archived: archived.length }, nameOf(victim)).toEqual(expected);
    if (failures[0]) expect(failures[0].reason, nameOf(victim)).toMatch(/\w+/);
  }
  for (const { id } of healthy) expect(eventsOf(run, 'file.archived').some(({ mediaId }) => mediaId === id)).toBe(true);
  // The only surplus files are those that the store damaged while it stored them.
  const { surplus } = compare(await scene.place.files(), wanted);
  expect(surplus.filter((file) => !victims.some((victim) => spoilt(victim) && file.includes(victim.medium.id)))).toEqual([]);

  place.store.faults.length = 0;
  expectExit(await scene.sync(), 0);
  const { missing } = compare(await scene.place.files(), wanted);
  expect(victims.filter(({ medium }) => missing.some((file) => file.startsWith(medium.id))).map(nameOf)).toEqual([]);
  expect(missing).toEqual([]);
  expectExit(await scene.verify('--deep'), 0);
});

test.each([
  { code: 'AccessDenied', reason: 'DESTINATION_UNUSABLE' },
  { code: 'XMinioStorageFull', reason: 'DESTINATION_FULL' },
  { code: 'NoSuchBucket', reason: 'DESTINATION_UNUSABLE' },
] as const)('a store that answers $code in the middle of a run stops the run', async ({ code, reason }) => {
  const maker = createMediaMaker(`s3-${code}`);
  const library = createLibrary([maker.photo(), maker.video(partBytes + 300_000), maker.burst()]);
  const place = await openS3Place();
  await using scene = await openScene({ library, place });
  place.store.faults.push(
    { match: { operation: 'PutObject', keyPart: '/gopro-videos/' }, action: error(code) },
    { match: { operation: 'UploadPart' }, action: error(code) },
  );
  const run = await scene.sync();
  expectExit(run, 6);
  expect(run.finished).toMatchObject({ outcome: 'failed', error: { code: reason }, files: { archived: 0 } });
  expect(await scene.place.files()).toEqual([]);
  place.store.faults.length = 0;
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

const weaknesses: readonly S3Legacy[] = [
  { ignoresIfNoneMatch: true },
  { rejectsIfNoneMatch: true },
  { rejectsFullObjectChecksum: 'atCreate' },
  { rejectsFullObjectChecksum: 'atComplete' },
  { noChecksums: true },
  { ignoresMpuObjectSize: true },
  { dropsTagsAtCreate: true },
  { storesChunkedFraming: true },
  { rejectsTrailers: true },
  { rejectsTagging: true },
  { ignoresIfNoneMatch: true, noChecksums: true, ignoresMpuObjectSize: true, rejectsTrailers: true, rejectsTagging: true },
];

describe('a store that is weaker than S3', () => {
  test.concurrent.each(weaknesses)('an archive is filled, verified, adopted and repaired in a store with %j', async (legacy) => {
    const maker = createMediaMaker(JSON.stringify(legacy));
    const library = createLibrary([shapes.held(maker), shapes.streamed(maker), shapes.multipart(maker), maker.chapters()]);
    await using scene = await openScene({ library, place: await openS3Place({ legacy }), inProcess: true });
    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(library);
    expectExactly(await scene.place.files(), wanted);
    if (!legacy.rejectsTagging) {
      const objects = scene.place.store.objects().filter(({ key }) => !key.includes('/.cloud-sync/'));
      for (const { key, tags } of objects) expect(tags['AutoSync'], key).toBe('True');
    }
    expectExit(await scene.verify('--deep'), 0);
    // A run rebuilds a lost tracker from what this store keeps, without a download.
    await rm(scene.home, { recursive: true });
    await scene.clearRequests();
    const adopted = await scene.sync();
    expectExit(adopted, 0);
    expect(adopted.finished).toMatchObject({ files: { archived: 0, skipped: wanted.length }, bytes: { fetched: 0 } });
    expect(scene.cloud.requests.filter(({ mediaId }) => mediaId !== undefined)).toEqual([]);
    // `verify --deep` reads every byte, so it finds one byte that changed in the store.
    const [victim] = await scene.place.files();
    await scene.place.damage(victim?.key ?? '', 10);
    const verified = await scene.verify('--deep');
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.damaged').map(({ key }) => key)).toEqual([victim?.key]);
    expectExit(await scene.sync(), 0);
    expect(compare(await scene.place.files(), wanted)).toEqual({
      missing: [],
      surplus: [`${victim?.key} (${victim?.sizeBytes} bytes)`],
    });
  });
});
