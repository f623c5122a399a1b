/** A clock for tests of leases, and one lease that is kept in the lease files of two archives. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openDisk } from '../../src/destination/disk/index.ts';
import type { LeaseCell, LeaseRecord } from '../../src/lease.ts';
import { takeLease, type Grant, type LeaseOptions, type Verdict } from '../../src/run/lease.ts';
import { manualClock } from './manual-clock.ts';

export interface LeaseScene {
  cells: readonly LeaseCell[];
  /** What `judge` tells a contender about every holder. Default: `unproven`. */
  verdict: Verdict;
  /** The holders that contenders waited for. */
  waits: { readonly owner: string; readonly waitMs: number }[];
  /** Called after each sleep of a contender. */
  onSleep: () => Promise<unknown>;
  /** How far the wall clock is ahead of the monotonic clock. */
  skewMs: number;
}

const time = manualClock();

export function useLeases() {
  let roots: string[] = [];
  let closing: (() => Promise<void>)[] = [];
  const scene = {} as LeaseScene;
  // A sleep moves the time forward. `skewMs` moves only the wall clock.
  const clock = {
    now: () => time.now() + scene.skewMs,
    elapsed: () => time.elapsed(),
    sleep: async (forMs: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      time.advance(forMs);
      await scene.onSleep();
      signal?.throwIfAborted();
    },
  };
  /** Opens the lease files of both archives, as another process would. */
  const openCells = async (): Promise<LeaseCell[]> =>
    Promise.all(
      roots.map(async (root) => {
        const disk = openDisk(root, { clock: time });
        await disk.initialise('archive-1');
        closing.push(async () => disk.close());
        return disk.lease;
      }),
    );
  beforeEach(async () => {
    roots = await Promise.all([1, 2].map(async () => mkdtemp(join(tmpdir(), 'cloud-sync-lease-'))));
    closing = [];
    Object.assign(scene, { cells: await openCells(), verdict: 'unproven', waits: [], onSleep: async () => {}, skewMs: 0 });
  });
  afterEach(async () => {
    for (const close of closing) await close();
    for (const root of roots) await rm(root, { recursive: true });
  });
  const grant = async (changes: Partial<LeaseOptions> = {}): Promise<Grant> =>
    takeLease({
      cells: scene.cells,
      holder: { owner: 'me', process: null, deadline: null },
      termMs: 60_000,
      clock,
      signal: new AbortController().signal,
      judge: async () => scene.verdict,
      onWait: (owner, waitMs) => scene.waits.push({ owner, waitMs }),
      ...changes,
    });
  return Object.assign(scene, {
    clock,
    advance: (ms: number) => time.advance(ms),
    openCells,
    /** Takes the lease as `me`. */
    grant,
    take: async (changes: Partial<LeaseOptions> = {}): Promise<LeaseRecord> => (await grant(changes)).record,
    /** Writes a record to one archive or to both, as another process does. */
    put: async (record: LeaseRecord, index?: number): Promise<LeaseRecord> => {
      const others = await openCells();
      for (const cell of index === undefined ? others : [others[index]!]) await cell.replace((await cell.read()).record, record);
      return record;
    },
    records: async () => Promise.all(scene.cells.map(async (cell) => (await cell.read()).record)),
  });
}
