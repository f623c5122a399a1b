/** Runs that meet the lease of a run that is stopped, slow, dead or on another machine. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openDisk } from '../../src/destination/disk/index.ts';
import type { LeaseRecord } from '../../src/lease.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { thisProcess } from '../../src/lib/process.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { leaseRecord } from '../support/builders.ts';
import { eventsOf, type CliRun, type RunningCli } from '../support/cli.ts';
import { openPlace, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

const termMs = 2_000;
const dayMs = 86_400_000;
const preload = (name: string) => `--import=${new URL(`../support/${name}`, import.meta.url).href}`;

/** A scene with a photo and a video of three parts. The second part comes slowly the first time. */
async function openSlowScene(seed: string, environment: Readonly<Record<string, string>> = {}, everyMs = 20) {
  const maker = createMediaMaker(seed);
  const library = createLibrary([maker.photo(), maker.video(2 * partBytes + 1_000)]);
  const scene = await openScene<DiskPlace>({
    library,
    environment: { CLOUD_SYNC_LEASE_TERM_MS: String(termMs), ...environment },
  });
  scene.cloud.faults.set([
    {
      match: { endpoint: 'file', method: 'GET', rangeStartAtLeast: partBytes, attempt: 1 },
      action: { type: 'drip', bytes: 64 * 1024, everyMs },
    },
  ]);
  return scene;
}

/** Starts a run, and returns while the run receives the slow part. */
async function startSlowRun(scene: Scene, environment: Readonly<Record<string, string>> = {}): Promise<RunningCli> {
  const run = scene.startSync({ environment });
  await waitUntil('the slow part', () =>
    scene.cloud.requests.some(({ range, bytesSent }) => range?.startsWith(`bytes=${partBytes}-`) && bytesSent > 1_000_000),
  );
  return run;
}

const leasePath = ({ place }: Scene<DiskPlace>) => join(place.directory, '.cloud-sync', 'lease');
const waitings = (run: CliRun) =>
  eventsOf(run, 'warning').filter(({ message }) => message.includes('has the lease of this archive'));

/** Returns the facts of every archived file. Any write to a file changes its time. */
async function factsOf({ place }: Scene<DiskPlace>) {
  const files = await place.files();
  const facts = files.map(async (file) => {
    const { ino, mtimeMs } = await stat(join(place.directory, file.key));
    return { ...file, ino, mtimeMs };
  });
  return (await Promise.all(facts)).toSorted((a, b) => a.key.localeCompare(b.key));
}

async function statusesOf(scene: Scene): Promise<unknown> {
  const { stdout } = await scene.run('list', '--to', scene.place.to, '--json');
  return JSON.parse(`[${stdout.trim().split('\n').join(',')}]`);
}

describe('a run that is stopped in the middle of a file', () => {
  test.each(['one home', 'two homes'])('a stopped run that lost its lease changes nothing later, with %s', async (homes) => {
    await using scene = await openSlowScene(`stopped-${homes}`);
    await using other = await makeTempDir();
    const stopped = await startSlowRun(scene);
    stopped.kill('SIGSTOP');
    const environment = homes === 'one home' ? {} : { CLOUD_SYNC_HOME: join(other.path, 'home') };
    const second = await scene.startSync({ environment }).ended;
    expectExit(second, 0);
    expect(waitings(second)).toEqual([
      expect.objectContaining({ message: expect.stringContaining(`process ${stopped.pid} on ${hostname()}`) }),
    ]);
    await scene.expectComplete();
    const before = await factsOf(scene);
    const statuses = await statusesOf(scene);

    stopped.kill('SIGCONT');
    const first = await stopped.ended;
    expectExit(first, 4);
    expect(first.events.at(-1)).toMatchObject({ outcome: 'locked', error: { code: 'LEASE_LOST' } });
    expect(await factsOf(scene)).toEqual(before);
    if (homes === 'one home') expect(await statusesOf(scene)).toEqual(statuses);

    await scene.clearRequests();
    const third = await scene.startSync({ environment }).ended;
    expectExit(third, 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    // A run from the home of the stopped run succeeds too.
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expectExit(await scene.verify('--deep'), 0);
  });

  test('the stored parts of the stopped run are not fetched again', async () => {
    await using scene = await openSlowScene('stopped-parts');
    const stopped = await startSlowRun(scene);
    await delay(2_000);
    stopped.kill('SIGSTOP');
    const first = () => scene.cloud.requests.filter(({ range }) => range === `bytes=0-${partBytes - 1}`);
    expect(first()).toHaveLength(1);
    scene.cloud.clearLog();
    expectExit(await scene.sync(), 0);
    expect(first()).toEqual([]);
    await scene.expectComplete();
    stopped.kill('SIGKILL');
    await stopped.ended;
  });

  test('if a run is killed while another run waits for its lease, the waiting run takes over immediately', async () => {
    await using scene = await openSlowScene('killed-meanwhile', { CLOUD_SYNC_LEASE_TERM_MS: '60000' });
    const stopped = await startSlowRun(scene);
    stopped.kill('SIGSTOP');
    const second = scene.startSync();
    await waitUntil('the second run waits', () => second.stdout().includes('has the lease of this archive'));
    stopped.kill('SIGKILL');
    expectExit(await second.ended, 0);
    await stopped.ended;
    await scene.expectComplete();
  });

  test('Ctrl-C ends a run that waits for another run', async () => {
    await using scene = await openSlowScene('interrupted', { CLOUD_SYNC_LEASE_TERM_MS: '60000' });
    const stopped = await startSlowRun(scene);
    stopped.kill('SIGSTOP');
    const second = scene.startSync();
    await waitUntil('the second run waits', () => second.stdout().includes('has the lease of this archive'));
    second.kill('SIGINT');
    expectExit(await second.ended, 130);
    stopped.kill('SIGCONT');
    expectExit(await stopped.ended, 0);
    await scene.expectComplete();
  });
});

describe('a run that keeps its lease', () => {
  test('a second sync, a dry run and a verify of the same home end as locked', async () => {
    await using scene = await openSlowScene('at-work', {}, 45);
    const first = await startSlowRun(scene);
    const others = await Promise.all([scene.sync(), scene.sync('--dry-run'), scene.verify()]);
    for (const run of others) {
      expectExit(run, 4);
      expect(run.finished).toMatchObject({ outcome: 'locked', error: { code: 'LOCKED', hint: expect.any(String) } });
      expect(run.finished.error?.message).toContain(`process ${first.pid} on ${hostname()}`);
    }
    expectExit(await first.ended, 0);
    await scene.expectComplete();
  });

  test.each([90_000, 3650 * dayMs, -3650 * dayMs])(
    'a second run whose clock is %d ms ahead does not take the lease of the first run',
    async (aheadMs) => {
      await using scene = await openSlowScene(`ahead-${aheadMs}`, {}, 45);
      await using temp = await makeTempDir();
      const first = await startSlowRun(scene);
      const clock = { CLOCK_AHEAD_MS: String(aheadMs), NODE_OPTIONS: preload('shift-clock.ts') };
      const other = { ...clock, CLOUD_SYNC_HOME: join(temp.path, 'home') };
      const runs = [scene.startSync({ environment: clock }), scene.startSync({ environment: other })];
      for (const run of runs) expectExit(await run.ended, 4);
      expectExit(await first.ended, 0);
      await scene.expectComplete();
    },
  );
});

test('a dead run whose clock was ten years ahead locks an archive for one term only', async () => {
  await using scene = await openSlowScene('dead-ahead');
  await using temp = await makeTempDir();
  const dead = await startSlowRun(scene, { CLOCK_AHEAD_MS: String(3650 * dayMs), NODE_OPTIONS: preload('shift-clock.ts') });
  dead.kill('SIGKILL');
  await dead.ended;
  await moveToAnotherMachine(scene);
  const run = await scene.startSync({ environment: { CLOUD_SYNC_HOME: join(temp.path, 'home') } }).ended;
  expectExit(run, 0);
  expect(waitings(run)).toHaveLength(1);
  await scene.expectComplete();
});

/** Changes the record of the archive as if its holder ran on another machine. */
async function moveToAnotherMachine(scene: Scene<DiskPlace>): Promise<void> {
  const text = await readFile(leasePath(scene), 'utf8');
  await writeFile(leasePath(scene), text.replaceAll(thisProcess().bootId, 'b0').replaceAll(hostname(), 'another-machine'));
}

describe('a holder with the name of this machine', () => {
  const here = thisProcess();
  const twins: Readonly<Record<string, LeaseRecord['process']>> = {
    'another boot id': { ...here, bootId: 'another', pid: 4711, processStart: '1' },
    'another pid namespace': { ...here, pidNamespace: 'pid:[1]', pid: 4711, processStart: '1' },
    'no description': null,
  };

  for (const [name, holder] of Object.entries(twins)) {
    test(`a holder with ${name} keeps the lease that it renews, and loses it after a silent term`, async () => {
      await using scene = await openSlowScene(`twin-${name}`);
      scene.cloud.faults.set([]);
      const twin = openDisk(scene.place.directory, { clock: systemClock });
      await twin.initialise('the-archive');
      let record = leaseRecord({ owner: `process 4711 on ${hostname()}`, process: holder, termMs });
      await twin.lease.replace(undefined, record);
      const locked = scene.sync();
      while (!(await endsWithin(locked, 300))) {
        const next = { ...record, renewals: record.renewals + 1 };
        expect(await twin.lease.replace(record, next)).toBe(true);
        record = next;
      }
      expectExit(await locked, 4);
      const run = await scene.sync();
      expectExit(run, 0);
      expect(waitings(run)).toHaveLength(1);
      expect(await twin.lease.replace(record, { ...record, released: true })).toBe(false);
      await twin.close();
      await scene.expectComplete();
    });
  }

  test('a holder of version 0.1 on another boot keeps the lease that it renews', async () => {
    await using scene = await openSlowScene('twin-0.1');
    scene.cloud.faults.set([]);
    const twin = openDisk(scene.place.directory, { clock: systemClock });
    await twin.initialise('the-archive');
    const owner = JSON.stringify({ host: hostname(), bootId: 'another', pid: 4711, processStart: '1', runId: 'r' });
    const renew = async () => {
      const expiresAt = new Date(Date.now() + 60_000).toISOString();
      await writeFile(leasePath(scene), JSON.stringify({ owner, token: '5e0c1f8e-2f0a-4a53-9f5a-0e8d6c3f7a11', expiresAt }));
    };
    await renew();
    const locked = scene.sync();
    while (!(await endsWithin(locked, 1_000))) await renew();
    expectExit(await locked, 4);
    expect((await locked).finished.error?.message).toContain(`process 4711 on ${hostname()}`);
    await twin.close();
  });
});

async function endsWithin(run: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([run.then(() => true), delay(ms, false)]);
}

describe('two simultaneous first runs', () => {
  test.each(['disk', 'disk without hard links'])('two simultaneous first runs archive every file once, on a %s', async (kind) => {
    const maker = createMediaMaker(`first-${kind}`);
    const library = createLibrary([maker.photo(), maker.chapters(), maker.burst(), maker.video(partBytes + 1_000)]);
    const environment = {
      CLOUD_SYNC_LEASE_TERM_MS: String(termMs),
      ...(kind !== 'disk' && { NO_HARD_LINKS: '1', NODE_OPTIONS: preload('kill-at-step.ts') }),
    };
    await using scene = await openScene({ library, environment, place: await openPlace('disk') });
    await using other = await makeTempDir();
    const second = scene.startSync({ environment: { CLOUD_SYNC_HOME: join(other.path, 'home') } });
    const runs = await Promise.all([scene.sync(), second.ended]);
    const codes = runs.map(({ exitCode }) => exitCode);
    expect(codes).toContain(0);
    expect([0, 4]).toEqual(expect.arrayContaining(codes));
    await scene.expectComplete();
  });
});
