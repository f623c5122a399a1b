import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDisk } from '../../src/destination/disk/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { noEvidence, originalId } from '../../src/media.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import { contentOf, wholeOf } from '../fixtures/archive.ts';
import { copyArchive, copyTracker, keptAnswers, keptDescription, archiveVersions, type KeptVersion } from '../fixtures/kept.ts';
import { lease } from '../fixtures/ledger.ts';
import { archivedOriginals, archiveId, openOriginals } from '../fixtures/library.ts';
import { runCli, temporaryDirectory, type CliResult } from '../support/cli-process.ts';
import { collect } from '../support/collect.ts';

interface Place {
  readonly archive: string;
  readonly home: string;
  /** The path of the tracker's file. The file exists only if it was copied. */
  readonly tracker: string;
  readonly cli: (...args: readonly string[]) => Promise<CliResult>;
}

/** Copies the archive of a version. The new home has no tracker yet. */
async function copyPlace(version: KeptVersion): Promise<Place> {
  const directory = temporaryDirectory();
  const [archive, home] = [join(directory, 'archive'), join(directory, 'home')];
  await copyArchive(version, archive);
  const environment = { CLOUD_SYNC_HOME: home };
  const cli = (...args: readonly string[]) => runCli([...args, '--to', archive], { environment });
  return { archive, home, tracker: join(home, 'archives', archiveId, 'tracker.sqlite'), cli };
}

async function copyPlaceWithTracker(version: KeptVersion): Promise<Place> {
  const place = await copyPlace(version);
  await mkdir(join(place.home, 'archives', archiveId), { recursive: true });
  await copyTracker(version, place.tracker);
  return place;
}

/**
 * Deletes the lease of the killed run. Otherwise the next run waits for a minute, because nothing
 * proves that the killed run has ended.
 */
async function giveBackLease({ archive, tracker }: Place): Promise<void> {
  await rm(join(archive, '.cloud-sync', 'lease'), { force: true });
  if (!existsSync(tracker)) return;
  using file = new DatabaseSync(tracker);
  file.exec('DELETE FROM run_lease');
}

function openArchive({ archive }: Place) {
  const disk = openDisk(archive, { clock: systemClock });
  onTestFinished(() => disk.close());
  return disk;
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const { missing } = archivedOriginals;

describe.each(archiveVersions)('an archive of %s', (version) => {
  test('the description of each file in an archive of an earlier version is still read', async () => {
    const disk = openArchive(await copyPlace(version));
    expect(await disk.identify()).toBe(archiveId);
    const listed = new Map((await collect(disk.list())).map((file) => [file.key, file]));
    const expected = Object.values(archivedOriginals).map((file) => {
      const { sizeBytes, crc32 } = wholeOf(file);
      const presentBytes = file === missing ? null : sizeBytes;
      return [file.key, { key: file.key, sizeBytes, crc32, description: keptDescription(version, file), presentBytes }] as const;
    });
    expect(listed).toEqual(new Map(expected));
  });

  test('the lease of a killed run is still read', async () => {
    const { record } = await openArchive(await copyPlace(version)).lease.read();
    expect(record).toEqual(version === 'v1' ? undefined : lease);
  });

  test('an archive of an earlier version continues an unfinished upload with its stored parts', async () => {
    const disk = openArchive(await copyPlace(version));
    for (const file of [openOriginals.inProgress, openOriginals.intended, openOriginals.failed]) {
      const { sizeBytes, validator } = wholeOf(file);
      const known = (await keptAnswers(version)).uploads[originalId(file, 1)]!;
      const opened = await disk.open(keptDescription(version, file), { partSizeBytes: 1000, sizeBytes, validator }, known);
      expect(opened).toEqual({ kind: 'upload', resumable: true, ...known });
    }
  });

  test('`status` and `list` read an archive of an earlier version with its tracker', async () => {
    const { cli, archive } = await copyPlaceWithTracker(version);
    const status = await cli('status', '--json');
    const { tally } = await keptAnswers(version);
    const [counted] = linesOf(status.stdout);
    expect([status.exitCode, status.stderr]).toEqual([0, '']);
    expect(counted).toMatchObject({ destination: archive, archiveId, marked: tally.marked });
    expect(counted).toMatchObject({
      lastRuns: [{ id: 'run-3', outcome: null }, { id: 'run-2' }, { id: 'run-1', outcome: 'partial' }],
    });
    const list = await cli('list', '--json');
    const statuses = Map.groupBy(linesOf(list.stdout), (line) => String(line['status']));
    expect(Object.fromEntries([...statuses].map(([name, lines]) => [name, lines.length]))).toEqual({
      completed: 12,
      damaged: 2,
      failed: 2,
      'in-progress': 2,
      listed: 1,
      missing: 1,
      pending: 1,
      quarantined: 2,
      'source-deleted': 4,
      waiting: 2,
    });
  });

  test('`verify` checks an archive that an earlier version wrote, and completes the intent in its tracker', async () => {
    const place = await copyPlaceWithTracker(version);
    const { cli, archive } = place;
    await giveBackLease(place);
    const { exitCode, stdout } = await cli('verify', '--deep', '--json');
    const events = linesOf(stdout);
    const keysOf = (type: string) => events.filter((event) => event['type'] === type).map((event) => event['key']);
    expect(keysOf('file.archived')).toEqual([openOriginals.intended.key]);
    expect(keysOf('file.missing')).toEqual([missing.key]);
    const damaged = [archivedOriginals.damaged.key, archivedOriginals.revision1.key];
    expect(new Set(keysOf('file.damaged'))).toEqual(new Set(damaged));
    expect(keysOf('file.unknown')).toEqual([]);
    expect([events.at(-1)?.['type'], events.at(-1)?.['exitCode'], exitCode]).toEqual(['run.finished', 1, 1]);
    expect(await readFile(join(archive, openOriginals.intended.key))).toEqual(contentOf(openOriginals.intended));
  });

  test('a home without the tracker adopts an archive of an earlier version, with what it knows of claims', async () => {
    const place = await copyPlace(version);
    const { cli } = place;
    await giveBackLease(place);
    const list = linesOf((await cli('list', '--json')).stdout);
    const keys = Object.values(archivedOriginals).map((file) => file.key);
    expect(list.map((line) => String(line['name'])).toSorted()).toEqual(keys.toSorted());
    expect(list.filter((line) => line['status'] === 'missing').map((line) => line['name'])).toEqual([missing.key]);
    const tracker = await openSqliteTracker({ path: place.tracker, archiveId, clock: systemClock });
    const rows = (await collect(tracker.rows())).flatMap(({ originals }) => originals);
    await tracker.close();
    const expected = Object.values(archivedOriginals).map((file) => {
      const { claim, proof, claimPartBytes } = keptDescription(version, file).evidence ?? noEvidence;
      return [file.key, [claim, proof, claimPartBytes]] as const;
    });
    const adopted = rows.map(
      ({ original, claim, proof, claimPartBytes }) => [original.key, [claim, proof, claimPartBytes]] as const,
    );
    expect(new Map(adopted)).toEqual(new Map(expected));
  });
});

describe.each(archiveVersions)('an archive of %s that a newer version wrote to', (version) => {
  test('an archive that names a newer version is refused and stays unchanged', async () => {
    const { cli, archive } = await copyPlaceWithTracker(version);
    const path = join(archive, '.cloud-sync', 'archive.json');
    const description = `${JSON.stringify({ id: archiveId, version: 2, createdAt: '2027-01-01T00:00:00.000Z', layout: 'new' })}\n`;
    await writeFile(path, description);
    const { exitCode, stderr } = await cli('verify', '--json');
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`${archive} was made by a newer Cloud Sync (version 2)`);
    expect(await readFile(path, 'utf8')).toBe(description);
  });

  test('an archive with a newer tracker is refused, and the tracker stays unchanged', async () => {
    const { cli, tracker } = await copyPlaceWithTracker(version);
    const file = new DatabaseSync(tracker);
    file.exec('PRAGMA user_version = 99; PRAGMA journal_mode = DELETE');
    file.close();
    const before = await readFile(tracker);
    const { exitCode, stderr } = await cli('status', '--json');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`the tracker ${tracker} was written by a newer Cloud Sync`);
    expect((await readFile(tracker)).equals(before)).toBe(true);
  });

  test('an archive with unknown fields and providers can be read and keeps them', async () => {
    const place = await copyPlace(version);
    const manifest = join(place.archive, '.cloud-sync', 'manifest.jsonl');
    const [line = ''] = (await readFile(manifest, 'utf8')).split('\n');
    const known = JSON.parse(line) as Record<string, unknown>;
    const theirs = { ...known, key: 'dropbox-videos/2026/01/theirs.mp4', provider: 'dropbox' };
    const newer = [{ ...known, notary: 'them', claims: [{ kind: 'md5' }] }, theirs, { version: 2 }];
    await appendFile(manifest, newer.map((fields) => `${JSON.stringify(fields)}\n`).join(''));
    await mkdir(join(place.archive, 'dropbox-videos/2026/01'), { recursive: true });
    await cp(join(place.archive, String(known['key'])), join(place.archive, theirs.key));
    const before = await readFile(manifest, 'utf8');
    await giveBackLease(place);

    const disk = openArchive(place);
    const listed = new Map((await collect(disk.list())).map((file) => [file.key, file.description]));
    expect(listed.size).toBe(Object.keys(archivedOriginals).length + 1);
    expect(listed.get(archivedOriginals.adopted.key)).toEqual(keptDescription(version, archivedOriginals.adopted));
    expect(listed.get(theirs.key)).toBeUndefined();
    await disk.close();

    const { stdout } = await place.cli('verify', '--json');
    const unknown = linesOf(stdout).filter((event) => event['type'] === 'file.unknown');
    expect(unknown).toMatchObject([{ key: theirs.key }]);
    expect(await readFile(manifest, 'utf8')).toBe(before);
  });
});
