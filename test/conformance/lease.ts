import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { LeaseCell, LeaseRecord } from '../../src/lease.ts';
import { leaseRecord } from '../support/builders.ts';

/** An empty place for the record of one lease. */
export interface LeaseBed extends AsyncDisposable {
  /** Opens the place as a new process would. */
  open(): Promise<LeaseCell>;
  /** Replaces the record with an unreadable text, such as half of a record. */
  spoil(): Promise<void>;
  /** Writes a record as Cloud Sync 0.1 did. Its holder is process 4711 on another-machine. */
  writeFirstVersion(expiresAt: string): Promise<void>;
}

/**
 * Adds the tests that every place for a lease's record must pass. `setup` gives each test its own
 * place.
 */
export function leaseConformance(name: string, setup: () => Promise<LeaseBed>): void {
  const check = (title: string, prove: (bed: LeaseBed, cell: LeaseCell) => Promise<void>) =>
    test(title, async () => {
      await using bed = await setup();
      await prove(bed, await bed.open());
    });

  describe(`the lease of ${name}`, () => {
    check('a new place has no record, and its first record needs no earlier one', async (bed, cell) => {
      expect((await cell.read()).record).toBeUndefined();
      const record = leaseRecord();
      expect(await cell.replace(leaseRecord(), record)).toBe(false);
      expect((await cell.read()).record).toBeUndefined();
      expect(await cell.replace(undefined, record)).toBe(true);
      expect((await cell.read()).record).toEqual(record);
      expect((await (await bed.open()).read()).record).toEqual(record);
    });

    check('a record keeps every field', async (_bed, cell) => {
      const everything = leaseRecord({ owner: 'größer "x"\n', fence: 2 ** 40, termMs: 1234.5, unprovenFence: 2 ** 40 - 1 });
      const execution = leaseRecord({ owner: 'arn:aws:states:x', process: null, deadline: '2026-03-02T00:00:00.000Z' });
      expect(await cell.replace(undefined, everything)).toBe(true);
      expect((await cell.read()).record).toEqual(everything);
      expect(await cell.replace(everything, execution)).toBe(true);
      expect((await cell.read()).record).toEqual(execution);
    });

    check('the holder renews and releases, and the record stays', async (bed, cell) => {
      const record = leaseRecord();
      await cell.replace(undefined, record);
      for (const renewals of [1, 2, 3]) {
        expect(await cell.replace({ ...record, renewals: renewals - 1 }, { ...record, renewals })).toBe(true);
      }
      const released = { ...record, renewals: 3, released: true };
      expect(await cell.replace({ ...record, renewals: 3 }, released)).toBe(true);
      expect((await (await bed.open()).read()).record).toEqual(released);
      const next = leaseRecord({ fence: record.fence + 1 });
      expect(await (await bed.open()).replace(released, next)).toBe(true);
      expect((await cell.read()).record).toEqual(next);
    });

    check('a contender with an outdated record is refused', async (bed, cell) => {
      const record = leaseRecord();
      await cell.replace(undefined, record);
      await cell.replace(record, { ...record, renewals: 1 });
      const contender = await bed.open();
      for (const outdated of [undefined, record, { ...record, renewals: 2 }, { ...record, token: randomUUID(), renewals: 1 }]) {
        expect(await contender.replace(outdated, leaseRecord())).toBe(false);
      }
      expect(await cell.replace(record, { ...record, renewals: 7 })).toBe(false);
      expect((await contender.read()).record).toEqual({ ...record, renewals: 1 });
    });

    check('a holder writes nothing after a takeover', async (bed, cell) => {
      const record = leaseRecord();
      await cell.replace(undefined, record);
      const next = leaseRecord({ owner: 'process 2 on host', fence: 2 });
      expect(await (await bed.open()).replace(record, next)).toBe(true);
      expect(await cell.replace(record, { ...record, renewals: 1 })).toBe(false);
      expect(await cell.replace(record, { ...record, released: true })).toBe(false);
      expect(await cell.replace(record, leaseRecord())).toBe(false);
      expect((await cell.read()).record).toEqual(next);
    });

    check('exactly one of twelve contenders takes a lease', async (bed) => {
      const contenders = await Promise.all(Array.from({ length: 12 }, async () => bed.open()));
      let before: LeaseRecord | undefined;
      for (let round = 1; round <= 20; round += 1) {
        const records = contenders.map(() => leaseRecord({ fence: round }));
        const won = await Promise.all(contenders.map(async (cell, index) => cell.replace(before, records[index]!)));
        expect(won.filter(Boolean)).toHaveLength(1);
        before = records[won.indexOf(true)];
        for (const cell of contenders) expect((await cell.read()).record).toEqual(before);
      }
    });

    check('an unreadable record has an unknown holder, and can be replaced', async (bed, cell) => {
      await cell.replace(undefined, leaseRecord());
      await bed.spoil();
      const { record } = await cell.read();
      expect(record).toMatchObject({ owner: 'an unknown run', released: false, process: null, termMs: 60_000 });
      expect((await (await bed.open()).read()).record).toEqual(record);
      expect(await cell.replace(undefined, leaseRecord())).toBe(false);
      const next = leaseRecord();
      expect(await cell.replace(record, next)).toBe(true);
      expect((await cell.read()).record).toEqual(next);
    });

    check('a record of version 0.1 shows its holder and its renewals, and can be replaced', async (bed, cell) => {
      await bed.writeFirstVersion('2026-03-01T12:00:00.000Z');
      const { record } = await cell.read();
      expect(record).toMatchObject({ owner: 'process 4711 on another-machine', released: false, process: null, fence: 0 });
      expect((await cell.read()).record).toEqual(record);
      await bed.writeFirstVersion('2026-03-01T12:00:20.000Z');
      const renewed = (await cell.read()).record;
      expect(renewed?.token).toBe(record?.token);
      expect(renewed?.renewals).not.toBe(record?.renewals);
      expect(await cell.replace(record, leaseRecord())).toBe(false);
      const next = leaseRecord();
      expect(await cell.replace(renewed, next)).toBe(true);
      expect((await cell.read()).record).toEqual(next);
    });
  });
}
