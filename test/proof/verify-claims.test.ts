/**
 * `verify` compares archived files with the ETags of the media host. Files that were archived with
 * `--no-prove` were never compared before.
 */
import { describe, expect, test } from 'vitest';
import type { StoredAs } from '../../src/sim/etag.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { video } from '../../src/sim/gopro/library/shapes.ts';
import { eventsOf, runCliHere, startCli } from '../support/cli.ts';
import { deepAt, victimIn } from '../support/evidence.ts';
import { openS3Place, placeKinds, type S3Place } from '../support/places.ts';
import { expectExit, openScene, openSceneAt } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { waitUntil } from '../support/wait-until.ts';

const mebibyte = 1024 * 1024;

/** Makes films that the provider stored in parts of `partMebibytes` (null: in one piece). */
function filmMaker(seed: string) {
  const maker = createMediaMaker(seed);
  return (partMebibytes: number | null, sizeMebibytes: number, encryption?: StoredAs['encryption']): SimMedium => {
    const partBytes = partMebibytes === null ? null : partMebibytes * mebibyte;
    const stored = [{ partBytes, ...(encryption && { encryption }) }];
    return video({ ...maker.spec('MP4'), stored }, Math.round(sizeMebibytes * mebibyte));
  };
}

/** A byte of a medium that arrives wrong each time, or only in the first reply that has it. */
function wrongByte({ id }: SimMedium, match: Fault['match'] = {}): Fault {
  return {
    match: { host: 'cdn', method: 'GET', mediaId: id, byte: 'middle', ...match },
    action: { type: 'corrupt', at: 'middle' },
  };
}

describe.each(placeKinds)('an archive on %s whose files were not compared with their claims', (kind) => {
  const deep = deepAt(kind);

  test('`verify` proves files of every shape, and a second `verify` proves them again', async () => {
    const film = filmMaker('shapes');
    const media = [film(null, 0.1), film(100, 0.2), film(2, 3.5), film(1, 2.5), film(3, 4), film(3, 2)];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    const run = await scene.sync('--no-prove');
    expectExit(run, 0);
    expect(run.finished.files).toMatchObject({ archived: 6, proven: 0 });
    await scene.clearRequests();
    for (const verified of [await scene.verify(...deep), await scene.verify(...deep)]) {
      expectExit(verified, 0);
      expect(verified.finished.verified).toMatchObject({ files: 6, proven: 6, suspect: 0, disputed: 0 });
    }
    expect(scene.cloud.requests).toEqual([]);
  });

  test('a file with a wrong byte is suspect until a `sync` has fetched it once more', async () => {
    const film = filmMaker('wrong-once');
    const media = [film(1, 1.2), film(1, 1.4), film(1, 2.5)];
    const [victim] = media;
    const faults = [wrongByte(victim!, { attempt: 1 })];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    expectExit(await scene.sync('--no-prove'), 0);
    const { key } = await victimIn(scene, victim!.id);
    for (const verified of [await scene.verify(...deep), await scene.verify(...deep)]) {
      expectExit(verified, 1);
      expect(verified.finished.verified).toMatchObject({ proven: 2, suspect: 1, damaged: 0, disputed: 0 });
      const path = `${scene.place.to}/${key}`;
      expect(eventsOf(verified, 'file.suspect')).toEqual([expect.objectContaining({ key, path, lost: false, lastCopy: path })]);
    }
    const blind = await scene.sync('--no-prove');
    expectExit(blind, 1);
    expect(eventsOf(blind, 'warning').map(({ hint }) => hint)).toEqual([
      expect.stringMatching(/^1 of them is suspect: run `cloud-sync sync` without --no-prove/),
    ]);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished.files).toMatchObject({ archived: 1, proven: 1, disputed: 0 });
    const after = await scene.verify(...deep);
    expectExit(after, 0);
    expect(after.finished.verified).toMatchObject({ files: 4, proven: 3, suspect: 0, superseded: 1 });
  });

  test('a file with a wrong byte is not lost if it is missing before a `sync` has fetched the right bytes', async () => {
    const film = filmMaker('wrong-missing');
    const media = [film(1, 1.2), film(1, 1.3), film(1, 1.4)];
    const [suspect, unjudged] = media;
    const faults = [suspect!, unjudged!].map((medium) => wrongByte(medium, { attempt: 1 }));
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    expectExit(await scene.sync('--no-prove'), 0);
    await scene.place.remove((await victimIn(scene, unjudged!.id)).key);
    expect((await scene.verify(...deep)).finished.verified).toMatchObject({ missing: 1, suspect: 1 });
    await scene.place.remove((await victimIn(scene, suspect!.id)).key);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished.files).toMatchObject({ archived: 2, proven: 2, lost: 0 });
    expect(eventsOf(run, 'warning').map(({ message }) => message)).toEqual(
      media.slice(0, 2).map(() => expect.stringMatching(/^a second copy of the same content has other bytes than /)),
    );
    expectExit(await scene.sync(), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 5, proven: 3, missing: 0, lost: 0, superseded: 2 });
  });

  test('a suspect file whose second copy has the same bytes is disputed once, and `verify` only lists it', async () => {
    const film = filmMaker('wrong-always');
    const media = [film(1, 1.2), film(1, 1.4)];
    const faults = [wrongByte(media[0]!)];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true, faults });
    expectExit(await scene.sync('--no-prove'), 0);
    const { key } = await victimIn(scene, media[0]!.id);
    expectExit(await scene.verify(...deep), 1);
    const run = await scene.sync();
    expectExit(run, 1);
    expect(run.finished.files).toMatchObject({ archived: 0, disputed: 1 });
    expectExit(await scene.sync(), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 2, proven: 1, suspect: 0, disputed: 1 });
    expect(eventsOf(verified, 'file.disputed').map((event) => event.key)).toEqual([key]);
  });

  test('a suspect file that the provider no longer has is lost until it is accepted', async () => {
    const film = filmMaker('wrong-gone');
    const media = [film(1, 1.2), film(1, 1.4)];
    const library = createLibrary(media);
    await using scene = await openSceneAt(kind, { library, inProcess: true, faults: [wrongByte(media[0]!)] });
    expectExit(await scene.sync('--no-prove'), 0);
    const { key } = await victimIn(scene, media[0]!.id);
    library.trash(media[0]!.id);
    expectExit(await scene.sync(), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ suspect: 1, lost: 1 });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.lost')).toEqual([expect.objectContaining({ key, mark: 'SUSPECT' })]);
    expect((await runCliHere(['accept', '--to', scene.place.to, key], scene.environment())).exitCode).toBe(0);
    expectExit(await scene.sync(), 0);
    expectExit(await scene.verify(...deep), 0);
  });

  test('a few files that contradict their claims are no evidence while no file of their shape is proven', async () => {
    const film = filmMaker('untrusted');
    const media = [film(null, 0.1), film(null, 0.2), film(2, 3, 'unmarked'), film(100, 0.1, 'unmarked')];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    for (const verified of [await scene.verify(...deep), await scene.verify(...deep)]) {
      expectExit(verified, 0);
      expect(verified.finished.verified).toMatchObject({ files: 4, proven: 2, suspect: 0 });
      expect(eventsOf(verified, 'warning')).toEqual([]);
    }
  });

  test('an encrypted file whose replies say so is not suspect', async () => {
    const film = filmMaker('encrypted');
    const media = [film(2, 3), film(null, 0.2), film(2, 3, 'kms'), film(null, 0.2, 'customer')];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 4, proven: 2, suspect: 0 });
    await scene.clearRequests();
    expectExit(await scene.verify('--claims'), 0);
    expect(scene.cloud.requests).toEqual([]);
  });

  test('a file whose claim decided nothing when it was archived is compared again when its claim can be trusted', async () => {
    const film = filmMaker('early');
    const media = [film(1, 1.2), film(1, 1.4), film(1, 1.6)];
    const [first] = media as [SimMedium, SimMedium, SimMedium];
    const library = createLibrary([first]);
    await using scene = await openSceneAt(kind, { library, inProcess: true, faults: [wrongByte(first, { attempt: 1 })] });
    expectExit(await scene.sync(), 0);
    const early = await scene.verify(...deep);
    expectExit(early, 0);
    expect(early.finished.verified).toMatchObject({ proven: 0, suspect: 0 });
    for (const medium of media.slice(1)) library.add(medium);
    expectExit(await scene.sync(), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.suspect').map(({ mediaId }) => mediaId)).toEqual([first.id]);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished.files).toMatchObject({ archived: 1, proven: 1 });
    expectExit(await scene.verify(...deep), 0);
  });

  test('many files that contradict their claims show that the claims are no digests', async () => {
    const film = filmMaker('distrust');
    const media = [film(100, 0.1), ...[1, 2, 3, 4].map((size) => film(100, size / 10, 'unmarked'))];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    const verified = await scene.verify(...deep);
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 5, proven: 1, suspect: 0 });
    expect(eventsOf(verified, 'warning').map(({ message }) => message)).toEqual([expect.stringMatching(/^4 files do not match/)]);
    expect(eventsOf(await scene.verify(...deep), 'warning')).toEqual([]);
  });

  test('`verify --claims` asks only about files whose claims are unknown, and learns that an ETag is no claim', async () => {
    const film = filmMaker('ask');
    const media = [film(2, 3), film(1, 1.5), film(2, 3, 'unmarked')];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    await scene.clearRequests();
    const header = { type: 'header', name: 'x-amz-server-side-encryption', value: 'aws:kms' } as const;
    scene.cloud.faults.set([{ match: { host: 'cdn', mediaId: media[2]!.id }, action: header }]);
    const verified = await scene.verify('--claims', ...deep);
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ files: 3, proven: 2, suspect: 0 });
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    const asked = scene.cloud.requests.filter(({ mediaId }) => mediaId !== undefined);
    expect(asked.map(({ host, method }) => `${host} ${method}`).toSorted()).toEqual([
      ...media.map(() => 'api GET'),
      ...media.map(() => 'cdn HEAD'),
    ]);
    expect(verified.finished.requests).toMatchObject({ media: 3 });

    await scene.clearRequests();
    const again = await scene.verify('--claims', ...deep);
    expectExit(again, 0);
    expect(scene.cloud.requests).toEqual([]);
    expect(again.finished.verified).toMatchObject({ proven: 2, suspect: 0 });
  });
});

describe('`verify --claims`', () => {
  test('keeps only claims of content that is certainly the archived one, and names what it could not ask', async () => {
    const film = filmMaker('certain');
    const media = [film(2, 2.5), film(null, 0.2), film(null, 0.3), film(null, 0.4)];
    const [same, changed, gone, broken] = media;
    const library = createLibrary(media);
    await using scene = await openSceneAt('disk', { library, inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    library.replaceContent(changed!.id, { label: 'source' });
    library.trash(gone!.id);
    scene.cloud.faults.set([{ match: { host: 'cdn', mediaId: broken!.id }, action: { type: 'status', status: 404 } }]);
    const verified = await scene.verify('--claims');
    // The file that could not be asked about counts as a difference.
    expectExit(verified, 1);
    expect(eventsOf(verified, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/files of 1 medium: .*404/),
    ]);
    // The ETags that the archive kept still prove the other files.
    expect(verified.finished.verified).toMatchObject({ files: 4, proven: 4, suspect: 0, unasked: 1 });
    expect((await scene.verify('--claims')).finished.requests.media).toBe(0);
    expect(scene.cloud.requests.some(({ mediaId }) => mediaId === same!.id)).toBe(true);
  });

  test('ends with exit code 3 without valid credentials, and `verify` alone needs none', async () => {
    const film = filmMaker('expired');
    await using scene = await openSceneAt('disk', { library: createLibrary([film(null, 0.1)]), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    scene.cloud.expireToken();
    expectExit(await scene.verify('--claims'), 3);
    expectExit(await scene.verify(), 0);
    const without = scene.environment({ CLOUD_SYNC_GOPRO_ACCESS_TOKEN: '', CLOUD_SYNC_GOPRO_USER_ID: '' });
    expect((await runCliHere(['verify', '--to', scene.place.to, '--claims'], without)).exitCode).toBe(3);
  });
});

test('a rolling check of a bucket reads each file once, whatever the size of its parts', async () => {
  const film = filmMaker('price');
  const media = [film(3, 4), film(3, 3.5)];
  const place = await openS3Place();
  await using scene = await openScene<S3Place>({ library: createLibrary(media), place, inProcess: true });
  expectExit(await scene.sync('--no-prove'), 0);
  const before = place.store.requests.length;
  const verified = await scene.verify('--rolling', '1d');
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ files: 2, proven: 2 });
  const reads = place.store.requests
    .slice(before)
    .filter(({ operation, key }) => operation === 'GetObject' && key?.endsWith('.mp4'));
  const [planned] = verified.events.filter((event) => event.type === 'check.planned');
  expect(planned).toMatchObject({ requests: reads.length });
});

test('a `verify` that is interrupted keeps what it has found', async () => {
  const film = filmMaker('interrupted');
  const [proven, wrong, slow] = [film(1, 1.2), film(1, 1.4), film(1, 1.6)];
  const library = createLibrary([proven]);
  const place = await openS3Place();
  const faults = [wrongByte(wrong, { attempt: 1 })];
  await using scene = await openScene<S3Place>({ library, place, inProcess: true, faults });
  expectExit(await scene.sync(), 0);
  for (const medium of [wrong, slow]) library.add(medium);
  expectExit(await scene.sync('--no-prove'), 0);
  place.store.faults.push({ match: { operation: 'GetObject', keyPart: slow.id }, action: { kind: 'stall', before: 'reply' } });
  const running = startCli(['verify', '--to', place.to, '--json', '--deep'], { environment: scene.environment() });
  await waitUntil('the finding', () => running.stdout().includes('"file.suspect"'));
  running.kill('SIGINT');
  const run = await running.ended;
  expect(run.exitCode).toBe(130);
  expect(eventsOf(run, 'file.suspect').map(({ mediaId }) => mediaId)).toEqual([wrong.id]);
  place.store.faults.length = 0;
  const next = await scene.sync();
  expectExit(next, 0);
  expect(eventsOf(next, 'file.archived')).toMatchObject([{ mediaId: wrong.id, revision: 2, proof: 'proven' }]);
});

test('an ETag of the archive that equals the claim is a proof without a byte being read', async () => {
  const film = filmMaker('store');
  const media = [film(null, 0.2), film(5, 6), film(100, 0.1)];
  const place = await openS3Place({ md5: true });
  await using scene = await openScene<S3Place>({ library: createLibrary(media), place, inProcess: true });
  expectExit(await scene.sync('--no-prove'), 0);
  place.store.faults.push({
    match: { operation: 'GetObject', keyPart: 'gopro-videos' },
    action: { kind: 'error', code: 'InternalError' },
  });
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ files: 3, proven: 1, unreadable: 0 });
  place.store.faults.length = 0;
  expect((await scene.verify('--deep')).finished.verified).toMatchObject({ files: 3, proven: 3 });
});
