import { describe, expect, test } from 'vitest';
import { leaseRecord } from '../../test/support/builders.ts';
import { useLeases } from '../../test/support/leases.ts';
import { SyncError } from '../errors.ts';
import type { LeaseCell, LeaseRecord } from '../lease.ts';
import { holdLease, type HeldLease } from './held-lease.ts';

const leases = useLeases();

async function hold(): Promise<HeldLease & { readonly record: LeaseRecord }> {
  const { cells, clock } = leases;
  const grant = await leases.grant();
  return { ...grant, ...holdLease({ ...grant, cells, clock, isShared: false }) };
}

describe('holding a lease', () => {
  test('a lease granted 20 s ago is confirmed without reading its record', async () => {
    await using held = await hold();
    await leases.put(leaseRecord());
    leases.advance(20_000);
    await held.confirm();
    expect(held.lost.aborted).toBe(false);
  });

  test.each(['monotonic', 'wall'])('after 20 s by the %s clock a confirmation renews the lease', async (which) => {
    await using held = await hold();
    if (which === 'wall') leases.skewMs += 20_001;
    else leases.advance(20_001);
    await held.confirm();
    const renewed = { ...held.record, renewals: 1 };
    expect(await leases.records()).toEqual([renewed, renewed]);
    await held.confirm();
    expect(await leases.records()).toEqual([renewed, renewed]);
  });

  test('a wall clock that goes back also makes a confirmation renew the lease', async () => {
    await using held = await hold();
    leases.skewMs -= 20_001;
    await held.confirm();
    expect((await leases.records())[0]?.renewals).toBe(1);
  });

  test.each([0, 1])('another run that takes cell %d keeps it, and the first run gets LEASE_LOST', async (index) => {
    const held = await hold();
    const theirs = await leases.put(leaseRecord({ owner: 'process 2 on host', fence: 2 }), index);
    leases.advance(20_001);
    const lost = { code: 'LEASE_LOST', exitCode: 4, message: expect.stringContaining('process 2 on host') };
    await expect(held.confirm()).rejects.toMatchObject(lost);
    expect(held.lost.reason).toMatchObject(lost);
    await expect(held.confirm()).rejects.toMatchObject(lost);
    await held[Symbol.asyncDispose]();
    const after = await leases.records();
    expect(after[index]).toEqual(theirs);
    expect(after[1 - index]).toMatchObject({ owner: 'me', released: true });
  });

  test('a run that was stopped right after the grant confirms its lease before the first side effect', async () => {
    const grant = await leases.grant();
    leases.advance(20_001);
    await leases.put(leaseRecord());
    await using held = holdLease({ ...grant, cells: leases.cells, clock: leases.clock, isShared: false });
    await expect(held.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a release does not delete the record of the lease', async () => {
    const held = await hold();
    await held[Symbol.asyncDispose]();
    const released = { ...held.record, released: true };
    expect(await leases.records()).toEqual([released, released]);
    expect((await leases.take()).fence).toBe(2);
  });

  test('the lease survives a failed write to one cell, and the next confirmation renews both cells', async () => {
    const grant = await leases.grant();
    let failures = 1;
    const flaky: LeaseCell = {
      read: async () => leases.cells[1]!.read(),
      replace: async (before, after) => {
        if (failures-- > 0) throw new SyncError('STORE_FAILED', 'the disk is busy');
        return leases.cells[1]!.replace(before, after);
      },
    };
    const held = holdLease({ cells: [leases.cells[0]!, flaky], ...grant, clock: leases.clock, isShared: false });
    leases.advance(20_001);
    await expect(held.confirm()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await held.confirm();
    expect((await leases.records()).map((each) => each?.renewals)).toEqual([1, 1]);
    await held[Symbol.asyncDispose]();
    expect((await leases.records()).map((each) => each?.released)).toEqual([true, true]);
  });

  test('a lease is released in both cells even if the last renewal reached only one cell', async () => {
    const grant = await leases.grant();
    const broken: LeaseCell = {
      read: async () => leases.cells[1]!.read(),
      replace: async (before, after) => {
        if (!after.released) throw new SyncError('STORE_FAILED', 'the disk is busy');
        return leases.cells[1]!.replace(before, after);
      },
    };
    const held = holdLease({ cells: [leases.cells[0]!, broken], ...grant, clock: leases.clock, isShared: false });
    leases.advance(20_001);
    await expect(held.confirm()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await held[Symbol.asyncDispose]();
    expect((await leases.records()).map((each) => each?.released)).toEqual([true, true]);
  });

  test('a worker that shares a lease does not change it, and gets LEASE_LOST after its release', async () => {
    const grant = await leases.grant();
    const { record } = grant;
    const joined = holdLease({ cells: await leases.openCells(), ...grant, clock: leases.clock, isShared: true });
    leases.advance(20_001);
    await joined.confirm();
    await joined[Symbol.asyncDispose]();
    expect(await leases.records()).toEqual([record, record]);
    const other = holdLease({ cells: await leases.openCells(), ...grant, clock: leases.clock, isShared: true });
    await holdLease({ cells: leases.cells, ...grant, clock: leases.clock, isShared: false })[Symbol.asyncDispose]();
    leases.advance(20_001);
    await expect(other.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await other[Symbol.asyncDispose]();
  });

  test('the timer renews the lease three times in a term', async () => {
    const grant = await leases.grant({ termMs: 150 });
    await using held = holdLease({ ...grant, cells: leases.cells, clock: leases.clock, isShared: false });
    while (((await leases.records())[0]?.renewals ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(held.lost.aborted).toBe(false);
  });
});
