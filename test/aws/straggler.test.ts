import { describe, expect, onTestFinished, test } from 'vitest';
import { listMedia } from '../../src/aws/functions/media-lister/list-media.ts';
import { transferLine } from '../../src/aws/functions/video-downloader/transfer-line.ts';
import type { Execution } from '../../src/aws/contract.ts';
import type { Invocation } from '../../src/aws/platform/invocation.ts';
import { readStopped } from '../../src/aws/run-stopped.ts';
import type { Destination } from '../../src/destination/destination.ts';
import { openDisk } from '../../src/destination/disk/index.ts';
import { usualTermMs } from '../../src/lease.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createHttpClient } from '../../src/lib/http/index.ts';
import { startGoproCloud } from '../../src/sim/gopro/index.ts';
import { createGoproSource } from '../../src/source/gopro/index.ts';
import { answersOf } from '../fixtures/answers.ts';
import { leaseRecord } from '../support/builders.ts';
import { collect } from '../support/collect.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import type { Aws } from './support/aws.ts';
import { useAws } from './support/hooks.ts';
import { begun, newBed } from './support/run-bed.ts';

/** Tests of functions that continue after another run has taken the lease of their run. */

let aws: Aws;

useAws((started) => void (aws = started));

/**
 * A cloud with three media, an archive in a directory, and a run that has begun. Only with
 * `leaseInArchive` does the archive hold the lease too.
 */
async function newScene({ leaseInArchive = false } = {}) {
  const cloud = await startGoproCloud({ preset: 'large', presetOptions: { count: 3 } });
  onTestFinished(() => cloud.close());
  const bed = await newBed(aws, '');
  const temp = await makeTempDir();
  const disk = openDisk(temp.path, { clock: systemClock });
  const http = createHttpClient({ connections: 2 });
  onTestFinished(async () => {
    await Promise.all([disk.close(), http.close()]);
    await temp[Symbol.asyncDispose]();
    await bed[Symbol.asyncDispose]();
  });
  await disk.initialise('archive-1');
  const { lease: _, ...withoutLease } = disk;
  const destination = leaseInArchive ? disk : withoutLease;
  const { execution } = await begun(bed, leaseInArchive ? { destination } : {});
  return {
    bed,
    execution,
    destination,
    /** Takes the lease in the archive, as a run with another tracker does. */
    takeInArchive: async () => {
      const other = openDisk(temp.path, { clock: systemClock });
      const { record } = await other.lease.read();
      expect(record).toMatchObject({ owner: execution.arn });
      expect(await other.lease.replace(record, leaseRecord({ fence: record!.fence + 1 }))).toBe(true);
      await other.close();
    },
    /** An invocation of the execution's functions. */
    invocation: (of: Execution, changes: Partial<Invocation> = {}): Invocation => {
      const source = createGoproSource({
        apiUrl: cloud.apiUrl,
        credentials: { accessToken: cloud.accessToken, userId: cloud.userId },
        requestsPerSecond: 100,
        stallMs: 5_000,
        http,
        clock: systemClock,
      });
      const openSource = async () => ({ source, credentialsSince: null, apiRequests: () => 0, rememberMode: async () => {} });
      const opened = bed.invocation(of, { CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl });
      return { ...opened, http, destination, openSource, ...changes };
    },
  };
}

const deadline = new Date(Date.now() + 3_600_000).toISOString();

async function list(execution: Execution, invocation: Invocation) {
  const request = { provider: 'gopro', trigger: 'manual', full_listing: true, deadline, execution, slices: 0 } as const;
  return listMedia(request, invocation);
}

async function download(execution: Execution, invocation: Invocation, media: readonly string[]) {
  const slice = { count: 0, idle: 0 };
  const line = { line: 1, media };
  return transferLine({ provider: 'gopro', deadline, line, slice, owner: `${execution.arn}-child`, execution }, invocation);
}

/** A destination that calls `act` before the first call of `method`. */
function before(destination: Destination, method: 'open' | 'commit', act: () => Promise<unknown>): Destination {
  let acted: Promise<unknown> | undefined;
  return {
    ...destination,
    [method]: async (...args: never[]) => {
      await (acted ??= act());
      return (destination[method] as (...args: never[]) => Promise<unknown>)(...args);
    },
  };
}

describe('a function whose run lost the lease', () => {
  test('a listing fails and changes nothing if its run has lost the lease', async () => {
    const { bed, execution, invocation } = await newScene();
    await begun(bed);
    const known = await answersOf(bed.tracker);
    await expect(list(execution, invocation(execution))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await answersOf(bed.tracker)).toEqual(known);
  });

  test.each(['open', 'commit'] as const)(
    'a slice whose run loses the lease at `%s` ends without a write, and the next run archives the files',
    async (method) => {
      const { bed, execution, destination, invocation } = await newScene();
      expect(await list(execution, invocation(execution))).toMatchObject({ outcome: 'done', new_count: 3 });
      const media: string[] = [];
      for await (const { tracked } of bed.tracker.rows()) media.push(tracked.medium.id);
      let next: Execution | undefined;
      let known: unknown;
      const takeOver = before(destination, method, async () => {
        ({ execution: next } = await begun(bed));
        known = await answersOf(bed.tracker);
      });
      const reply = await download(execution, invocation(execution, { destination: takeOver }), media);
      expect(reply).toMatchObject({ outcome: 'deferred', archived_files: 0 });
      expect(await answersOf(bed.tracker)).toEqual(known);
      expect(await readStopped(bed.tracker, execution.name)).toBeUndefined();

      expect(await download(execution, invocation(execution), media)).toMatchObject({ outcome: 'deferred' });
      expect(await answersOf(bed.tracker)).toEqual(known);

      expect(await download(next!, invocation(next!), media)).toMatchObject({ outcome: 'done' });
      expect(await bed.tracker.tally(['source'])).toMatchObject({ mediaComplete: 3, marked: 0 });
    },
  );

  test('a listing fails and changes nothing if a run with another tracker has the lease of the archive', async () => {
    const { bed, execution, invocation, takeInArchive } = await newScene({ leaseInArchive: true });
    await takeInArchive();
    const known = await answersOf(bed.tracker);
    await expect(list(execution, invocation(execution))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await answersOf(bed.tracker)).toEqual(known);
  });

  test('a slice publishes no file if a run with another tracker took the lease of the archive 20 s before', async () => {
    const { bed, execution, destination, invocation, takeInArchive } = await newScene({ leaseInArchive: true });
    expect(await list(execution, invocation(execution))).toMatchObject({ outcome: 'done', new_count: 3 });
    const media = (await collect(bed.tracker.rows())).map(({ tracked }) => tracked.medium.id);
    const takeOver = before(destination, 'open', async () => {
      await takeInArchive();
      // A function reads the lease again after a third of the term.
      bed.clock.advance(usualTermMs / 3 + 1);
    });
    const reply = await download(execution, invocation(execution, { destination: takeOver }), media);
    expect(reply).toMatchObject({ outcome: 'deferred', archived_files: 0 });
    expect(await download(execution, invocation(execution), media)).toMatchObject({ outcome: 'deferred', archived_files: 0 });
    expect(await collect(destination.list())).toEqual([]);
    expect(await bed.tracker.tally(['source'])).toMatchObject({ mediaComplete: 0, originals: { COMPLETED: 0 } });
  });
});
