import { expect } from 'vitest';
import type { Check } from './bed.ts';

export function placeTests(check: Check): void {
  check('a place is no archive before it gets an id, and keeps its first id', async ({ setup }) => {
    await using fresh = await setup();
    const adapter = await fresh.open();
    expect(await adapter.identify()).toBeUndefined();
    expect(await adapter.identify()).toBeUndefined();
    expect(await adapter.initialise('first')).toBe('first');
    expect(await adapter.initialise('second')).toBe('first');
    expect(await (await fresh.open()).identify()).toBe('first');
  });

  check('a place gets one id when several processes make it an archive at once', async ({ setup }) => {
    await using fresh = await setup();
    const ids = ['a', 'b', 'c', 'd'];
    const adapters = await Promise.all(ids.map(async () => fresh.open()));
    const standing = new Set(await Promise.all(adapters.map(async (adapter, index) => adapter.initialise(ids[index] ?? ''))));
    expect(standing.size).toBe(1);
    expect(standing).toContain(await adapters[0]?.identify());
  });

  check('a destination reports its free space', async (bed) => {
    expect(await bed.destination.freeBytes?.()).toBeGreaterThan(0);
  });
}
