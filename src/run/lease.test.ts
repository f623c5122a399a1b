import { describe, expect, test } from 'vitest';
import { leaseRecord } from '../../test/support/builders.ts';
import { useLeases } from '../../test/support/leases.ts';
import { SyncError } from '../errors.ts';
import type { LeaseCell } from '../lease.ts';

const leases = useLeases();

describe('taking a lease', () => {
  test('a free lease is granted in both cells without waiting', async () => {
    const record = await leases.take();
    expect(record).toMatchObject({ owner: 'me', fence: 1, renewals: 0, termMs: 60_000, released: false, unprovenFence: null });
    expect(await leases.records()).toEqual([record, record]);
    expect(leases.waits).toEqual([]);
  });

  test('a released lease is granted without waiting, and each grant has a new token', async () => {
    const { token } = await leases.put(leaseRecord({ released: true, fence: 4 }));
    const record = await leases.take();
    expect(record).toMatchObject({ fence: 5, unprovenFence: null });
    expect(record.token).not.toBe(token);
    expect(leases.waits).toEqual([]);
  });

  test('a new fence is one more than the highest fence in the two cells', async () => {
    await leases.put(leaseRecord({ released: true, fence: 9 }), 0);
    await leases.put(leaseRecord({ released: true, fence: 3 }), 1);
    expect((await leases.take()).fence).toBe(10);
    expect((await leases.records()).map((record) => record?.fence)).toEqual([10, 10]);
  });

  test('the lease of a holder that has certainly ended is granted without waiting', async () => {
    await leases.put(leaseRecord());
    leases.verdict = 'ended';
    expect(await leases.take()).toMatchObject({ fence: 2, unprovenFence: null });
    expect(leases.waits).toEqual([]);
  });

  test('the lease of a holder that certainly runs is refused without waiting', async () => {
    const held = await leases.put(leaseRecord());
    leases.verdict = 'running';
    await expect(leases.take()).rejects.toMatchObject({
      code: 'LOCKED',
      exitCode: 4,
      message: 'another run is at work on this archive: process 1 on host',
      hint: expect.stringContaining('Wait until that run ends'),
    });
    expect(await leases.records()).toEqual([held, held]);
    expect(leases.waits).toEqual([]);
  });
});

describe('watching a holder that may run', () => {
  test('a holder that is silent for a term loses the lease, and later grants say that it may still run', async () => {
    await leases.put(leaseRecord({ termMs: 90_000 }));
    const startedAtMs = leases.clock.elapsed();
    const record = await leases.take();
    expect(leases.clock.elapsed() - startedAtMs).toBe(90_000);
    expect(leases.waits).toEqual([{ owner: 'process 1 on host', waitMs: 90_000 }]);
    expect(record).toMatchObject({ fence: 2, unprovenFence: 1 });
    leases.verdict = 'ended';
    expect(await leases.take()).toMatchObject({ fence: 3, unprovenFence: 1 });
  });

  test('if one earlier holder may still run, every earlier fence counts as unproven', async () => {
    await leases.put(leaseRecord({ released: true, fence: 9, unprovenFence: 4 }), 0);
    await leases.put(leaseRecord({ fence: 3 }), 1);
    expect(await leases.take()).toMatchObject({ fence: 10, unprovenFence: 9 });
  });

  test.each([-3650, 3650])('a contender waits for one term even if the wall clock jumps by %d days', async (days) => {
    await leases.put(leaseRecord());
    leases.onSleep = async () => (leases.skewMs += days * 86_400_000);
    const startedAtMs = leases.clock.elapsed();
    expect((await leases.take()).fence).toBe(2);
    expect(leases.clock.elapsed() - startedAtMs).toBe(60_000);
  });

  test.each([0, 1])('a waiting contender is refused if another run takes cell %d', async (index) => {
    await leases.put(leaseRecord());
    leases.onSleep = async () => leases.put(leaseRecord({ owner: 'process 2 on host' }), index);
    await expect(leases.take()).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining('process 2 on host') });
    expect((await leases.records()).filter((record) => record?.owner === 'me')).toEqual([]);
  });

  test('a holder that renews its lease keeps it', async () => {
    const others = await leases.openCells();
    const held = leaseRecord();
    for (const cell of others) await cell.replace(undefined, held);
    const startedAtMs = leases.clock.elapsed();
    leases.onSleep = async () => {
      if (leases.clock.elapsed() - startedAtMs === 20_000) await others[0]!.replace(held, { ...held, renewals: 1 });
    };
    await expect(leases.take()).rejects.toMatchObject({ code: 'LOCKED' });
    expect(leases.clock.elapsed() - startedAtMs).toBe(20_000);
  });

  test('a pause of the contender itself does not shorten its watch', async () => {
    const others = await leases.openCells();
    const held = leaseRecord();
    for (const cell of others) await cell.replace(undefined, held);
    let sleeps = 0;
    leases.onSleep = async () => {
      sleeps += 1;
      if (sleeps === 1) leases.advance(3_600_000);
      if (sleeps === 20) await others[0]!.replace(held, { ...held, renewals: 1 });
    };
    await expect(leases.take()).rejects.toMatchObject({ code: 'LOCKED' });
    expect(sleeps).toBe(20);
  });

  test('a contender gets the lease as soon as the holder releases it', async () => {
    const others = await leases.openCells();
    const held = leaseRecord();
    for (const cell of others) await cell.replace(undefined, held);
    const startedAtMs = leases.clock.elapsed();
    leases.onSleep = async () => {
      if (leases.clock.elapsed() - startedAtMs !== 5_000) return;
      for (const cell of others) await cell.replace(held, { ...held, released: true });
    };
    expect(await leases.take()).toMatchObject({ fence: 2, unprovenFence: null });
    expect(leases.clock.elapsed() - startedAtMs).toBe(5_000);
  });

  test('a contender gets the lease as soon as the holder has ended', async () => {
    await leases.put(leaseRecord());
    const startedAtMs = leases.clock.elapsed();
    leases.onSleep = async () => (leases.verdict = leases.clock.elapsed() - startedAtMs === 3_000 ? 'ended' : leases.verdict);
    expect(await leases.take()).toMatchObject({ unprovenFence: null });
    expect(leases.clock.elapsed() - startedAtMs).toBe(3_000);
  });

  test('a contender waits 150 s at most, even if a record states a longer term', async () => {
    await leases.put(leaseRecord({ termMs: 1e15 }));
    await leases.take();
    expect(leases.waits).toEqual([{ owner: 'process 1 on host', waitMs: 150_000 }]);
  });

  test('an interruption ends the wait and takes nothing', async () => {
    const held = await leases.put(leaseRecord());
    const interrupting = new AbortController();
    const reason = new SyncError('INTERRUPTED', 'interrupted');
    leases.onSleep = async () => interrupting.abort(reason);
    await expect(leases.take({ signal: interrupting.signal })).rejects.toBe(reason);
    expect(await leases.records()).toEqual([held, held]);
  });
});

describe('a contender that another contender overtakes', () => {
  test('a contender that loses one cell to another contender is refused and releases the other cell', async () => {
    const theirs = leaseRecord({ owner: 'process 2 on host', fence: 7 });
    const overtaken: LeaseCell = {
      read: async () => leases.cells[1]!.read(),
      replace: async (before, after) => {
        if (after.owner === 'me' && !after.released) await leases.put(theirs, 1);
        return leases.cells[1]!.replace(before, after);
      },
    };
    await expect(leases.take({ cells: [leases.cells[0]!, overtaken] })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('process 2 on host'),
    });
    expect(await leases.records()).toEqual([expect.objectContaining({ owner: 'me', released: true }), theirs]);
  });

  test('a cell that stored the record is released even if its reply was lost', async () => {
    const failing: LeaseCell = {
      read: async () => leases.cells[1]!.read(),
      replace: async (before, after) => {
        await leases.cells[1]!.replace(before, after);
        if (!after.released) throw new SyncError('STORE_FAILED', 'the reply was lost');
        return true;
      },
    };
    await expect(leases.take({ cells: [leases.cells[0]!, failing] })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect((await leases.records()).map((record) => record?.released)).toEqual([true, true]);
  });

  test('at most one of several contenders gets both cells', async () => {
    const contenders = await Promise.all(Array.from({ length: 6 }, leases.openCells));
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.allSettled(contenders.map(async (own) => leases.take({ cells: own })));
      const granted = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(granted.length).toBeLessThanOrEqual(1);
      if (granted.length === 1) expect(await leases.records()).toEqual([granted[0], granted[0]]);
      leases.verdict = 'ended';
    }
  });
});
