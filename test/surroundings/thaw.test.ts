/** Files in archive classes of S3 are thawed and restored. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventsOf, finishedOf, runCliHere } from '../support/cli.ts';
import { expectExactly, wantedOf } from '../support/archive.ts';
import { openS3Place, type S3Place } from '../support/places.ts';
import { failuresOf, openRestoring, openSmallScene } from '../support/restoring.ts';
import { expectExit, type Scene } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** An archive whose files a lifecycle rule has moved to Deep Archive, except for one. */
async function openFrozen(seed: string): Promise<{ readonly scene: Scene; readonly place: S3Place; readonly keys: string[] }> {
  const scene = await openSmallScene('s3', seed);
  onTestFinished(async () => scene[Symbol.asyncDispose]());
  const place = scene.place as S3Place;
  const keys = (await place.files()).map(({ key }) => key).toSorted();
  for (const key of keys.slice(1)) place.store.changeClass('archive', `my/videos/${key}`, 'DEEP_ARCHIVE');
  return { scene, place, keys };
}

async function thaw({ scene, place }: { scene: Scene; place: S3Place }, ...args: readonly string[]) {
  return runCliHere(['thaw', '--from', place.to, ...args], scene.environment());
}

const asked = ({ store }: S3Place) => store.requests.filter(({ operation }) => operation === 'RestoreObject').length;

test('thaw shows what it takes, and asks for nothing without a yes', async () => {
  const frozen = await openFrozen('thaw-price');
  const { place, keys } = frozen;
  const refused = await thaw(frozen);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('Nothing was asked for. Add --yes');
  expect(refused.stdout).toContain(`${keys.length - 1} frozen files in DEEP_ARCHIVE`);
  expect(refused.stdout).toMatch(/→ bulk +0\.\d\d USD, readable within 48 hours/);
  expect(refused.stdout).toMatch(/standard +0\.\d\d USD, readable within 12 hours/);
  const dry = await thaw(frozen, '--dry-run', '--json');
  expectExit(dry, 0);
  // The hand calculation: each request, each GB, and two weeks of a copy in S3 Standard.
  const bytes = (await place.files()).filter(({ key }) => key !== keys[0]).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const copyUsd = (bytes / 1024 ** 3) * 0.023 * (14 / 30);
  const [group] = eventsOf(dry, 'thaw.planned')[0]!.groups;
  expect(group!.tiers.bulk!.usd).toBeCloseTo((keys.length - 1) * 0.000025 + (bytes / 1024 ** 3) * 0.0025 + copyUsd, 9);
  expect(group!.tiers.standard!.usd).toBeCloseTo((keys.length - 1) * 0.0001 + (bytes / 1024 ** 3) * 0.02 + copyUsd, 9);
  expect(asked(place)).toBe(0);
});

test('thaw asks for the selected files once, and status shows them', async () => {
  const frozen = await openFrozen('thaw-once');
  const { place, keys, scene } = frozen;
  const one = await thaw(frozen, '--yes', '--json', '--tier', 'standard', '--days', '3', keys[1]!);
  expectExit(one, 0);
  expect(finishedOf(one).thawed).toMatchObject({ asked: 1, pending: 0, leftOut: keys.length - 1, hours: 12 });
  const rest = await thaw(frozen, '--yes', '--json');
  expectExit(rest, 0);
  expect(finishedOf(rest).thawed).toMatchObject({ asked: keys.length - 2, thawing: 1, thawed: 0, failed: 0, hours: 48 });
  const again = await thaw(frozen, '--json');
  expectExit(again, 0);
  expect(finishedOf(again).thawed).toMatchObject({ asked: 0, thawing: keys.length - 1 });
  expect(asked(place)).toBe(keys.length - 1);
  const status = await runCliHere(['status', '--to', place.to], scene.environment());
  expect(status.stdout).toMatch(new RegExp(`Thawing +${keys.length - 1} files`));
  place.store.advance(5 * hourMs);
  const later = await runCliHere(['status', '--to', place.to, '--json'], scene.environment());
  expect(JSON.parse(later.stdout)).toMatchObject({
    thaw: { thawing: 0, thawed: keys.length - 1, notes: [{ files: 1 }, { files: keys.length - 2 }] },
  });
});

test('a thawed archive is restored bit for bit, and an expired copy is named', async () => {
  const frozen = await openFrozen('thaw-restore');
  const { place, keys, scene } = frozen;
  await using restoring = await openRestoring(place);
  const tooEarly = await restoring.restore();
  expectExit(tooEarly, 1);
  expect(failuresOf(tooEarly)).toEqual(keys.slice(1).map((key) => `UNREADABLE ${key}`));
  expectExit(await thaw(frozen, '--yes', '--json', '--days', '2'), 0);
  place.store.advance(4 * hourMs);
  const run = await restoring.restore();
  expectExit(run, 0);
  expect(run.restored).toMatchObject({ files: keys.length - 1, skipped: 1 });
  expectExactly(await restoring.files(), await wantedOf(scene.cloud.library));
  place.store.advance(4 * dayMs);
  await using late = await openRestoring(place);
  const expired = await late.restore();
  expectExit(expired, 1);
  expect(failuresOf(expired)).toHaveLength(keys.length - 1);
});

test('restore --wait fetches each file as it comes, and names those that nobody asked for', async () => {
  const frozen = await openFrozen('thaw-wait');
  const { place, keys } = frozen;
  await using restoring = await openRestoring(place);
  const nobodyAsked = await restoring.restore('--wait');
  expectExit(nobodyAsked, 1);
  expect(failuresOf(nobodyAsked)).toEqual(keys.slice(1).map((key) => `UNREADABLE ${key}`));
  expect(nobodyAsked.stdout).toContain('cloud-sync thaw --from');
  expectExit(await thaw(frozen, '--yes', '--json', '--tier', 'standard', keys[1]!), 0);
  expectExit(await thaw(frozen, '--yes', '--json', '--tier', 'bulk', ...keys.slice(2)), 0);
  const running = restoring.start(['--wait']);
  await waitUntil('the run waits', () => running.stdout().includes('thaw.waiting'));
  place.store.advance(hourMs);
  await waitUntil(
    'the first file comes',
    () => running.stdout().includes(`"file.restored"`) && running.stdout().includes(keys[1]!),
  );
  expect(running.stdout()).not.toContain('run.finished');
  place.store.advance(4 * hourMs);
  const run = await running.ended;
  expectExit(run, 0);
  expect(finishedOf(run).restored).toMatchObject({ files: keys.length - 1, skipped: 1, failed: 0, pending: 0 });
});

test('restore --wait gives up on a file that the store calls readable and refuses nevertheless', async () => {
  const { place, keys } = await openFrozen('thaw-liar');
  for (const key of keys.slice(1)) place.store.changeClass('archive', `my/videos/${key}`, 'STANDARD');
  place.store.faults.push({
    match: { operation: 'GetObject', keyPart: keys[2]! },
    action: { kind: 'error', code: 'InvalidObjectState' },
  });
  await using restoring = await openRestoring(place);
  const run = await restoring.restore('--wait');
  expectExit(run, 1);
  expect(failuresOf(run)).toEqual([`UNREADABLE ${keys[2]}`]);
  expect(run.restored).toMatchObject({ files: keys.length - 1, failed: 1, pending: 0 });
});

test('restore --wait outlasts a store that fails for a while', async () => {
  const frozen = await openFrozen('thaw-outage');
  const { place, keys } = frozen;
  const { store } = place;
  await using restoring = await openRestoring(place);
  expectExit(await thaw(frozen, '--yes', '--json', ...keys.slice(1)), 0);
  const running = restoring.start(['--wait']);
  await waitUntil('the run waits', () => running.stdout().includes('thaw.waiting'));
  store.faults.push({ match: { operation: 'ListObjectsV2' }, action: { kind: 'error', code: 'InternalError' } });
  await waitUntil('the run looks in vain', () => running.stdout().includes('looks again'));
  store.faults.length = 0;
  store.advance(4 * hourMs);
  const run = await running.ended;
  expectExit(run, 0);
  expect(finishedOf(run).restored).toMatchObject({ files: keys.length, failed: 0, pending: 0 });
});

test('a file that the store denies is named, and the others are asked for', async () => {
  const frozen = await openFrozen('thaw-denied');
  const { place, keys } = frozen;
  place.store.faults.push({
    match: { operation: 'RestoreObject', keyPart: keys[2]! },
    action: { kind: 'error', code: 'AccessDenied' },
  });
  const run = await thaw(frozen, '--yes', '--json');
  expectExit(run, 1);
  expect(failuresOf(run)).toEqual([`STORE_REFUSED ${keys[2]}`]);
  expect(finishedOf(run).thawed).toMatchObject({ asked: keys.length - 2, failed: 1, pending: 0 });
});

test('status asks the store nothing when the days of the last thaw are over', async () => {
  const frozen = await openFrozen('thaw-over');
  const { place, keys, scene } = frozen;
  expectExit(await thaw(frozen, '--yes', '--json', '--days', '1', keys[1]!), 0);
  const file = join(scene.home, 'archives', await archiveIdOf(place), 'thaws.json');
  const [note] = JSON.parse(await readFile(file, 'utf8')) as { askedAt: string }[];
  const askedAt = new Date(Date.now() - 6 * dayMs).toISOString();
  await writeFile(file, JSON.stringify([{ ...note, askedAt }]));
  const before = place.store.stats().byOperation.HeadObject ?? 0;
  const status = await runCliHere(['status', '--to', place.to, '--json'], scene.environment());
  expect(JSON.parse(status.stdout)).toMatchObject({ thaw: { notes: [{ askedAt }], thawing: 0, thawed: 0 } });
  expect(place.store.stats().byOperation.HeadObject ?? 0).toBe(before);
});

test('a request that the store refuses is named, and the others are asked for', async () => {
  const frozen = await openFrozen('thaw-refused');
  const { place, keys, scene } = frozen;
  place.store.faults.push({
    match: { operation: 'RestoreObject', keyPart: keys[2]! },
    action: { kind: 'error', code: 'InvalidArgument' },
  });
  const run = await thaw(frozen, '--yes', '--json');
  expectExit(run, 1);
  expect(failuresOf(run)).toEqual([`STORE_REFUSED ${keys[2]}`]);
  expect(finishedOf(run).thawed).toMatchObject({ asked: keys.length - 2, failed: 1 });
  const notes = JSON.parse(
    await readFile(join(scene.home, 'archives', await archiveIdOf(place), 'thaws.json'), 'utf8'),
  ) as unknown[];
  expect(notes).toHaveLength(1);
});

async function archiveIdOf({ store }: S3Place): Promise<string> {
  return (JSON.parse(store.content('archive', 'my/videos/.cloud-sync/archive.json').toString()) as { id: string }).id;
}

test('a directory has nothing to thaw, and a wrong tier is named', async () => {
  await using place = await openS3Place();
  const environment = { CLOUD_SYNC_HOME: '/nonexistent/home', ...place.environment };
  const disk = await runCliHere(['thaw', '--from', '/tmp'], environment);
  expect([disk.exitCode, disk.stderr]).toEqual([2, expect.stringContaining('files in a directory can always be read')]);
  const tier = await runCliHere(['thaw', '--from', place.to, '--tier', 'expedited'], environment);
  expect([tier.exitCode, tier.stderr]).toEqual([2, expect.stringContaining('standard, bulk')]);
});
