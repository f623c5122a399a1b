import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const preload = (name: string) => `--import=${new URL(`../support/${name}`, import.meta.url).href}`;
const dayMs = 24 * 3_600_000;

describe('runs with the usual settings', () => {
  let scene: Scene;
  let first: Awaited<ReturnType<Scene['startSync']>['ended']>;

  beforeAll(async () => {
    const maker = createMediaMaker('manners');
    const frameBytes = Array.from({ length: 12 }, (_, index) => 20_000 + index);
    const photos = Array.from({ length: 10 }, () => maker.photo());
    const library = createLibrary([maker.burst(frameBytes), ...photos]);
    const faults = [{ match: { endpoint: 'file', method: 'GET' }, action: { type: 'delay', ms: 400 } }] as const;
    scene = await openScene({ library, faults, environment: { CLOUD_SYNC_GOPRO_API_RPS: '' } });
    first = await scene.startSync({ environment: { NODE_OPTIONS: preload('open-no-port.ts') } }).ended;
    expectExit(first, 0);
  });
  afterAll(async () => scene[Symbol.asyncDispose]());

  test('a run sends at most four requests a second to the API', () => {
    const startedMs = scene.cloud.requests.filter(({ host }) => host === 'api').map((request) => request.startedMs);
    expect(startedMs.length).toBeGreaterThan(10);
    // The times are those of the server, and the first request may be late on a busy machine.
    expect(startedMs.at(-1)! - startedMs[0]!).toBeGreaterThan((startedMs.length - 1) * 250 * 0.85);
  });

  test('a run fetches at most five files or parts at the same time', () => {
    const fetches = scene.cloud.requests.filter(({ endpoint, method }) => endpoint === 'file' && method === 'GET');
    const running = fetches.map(({ startedMs }) =>
      fetches.filter((other) => other.startedMs <= startedMs && (other.endedMs ?? Infinity) > startedMs),
    );
    expect(Math.max(...running.map(({ length }) => length))).toBe(5);
  });

  test('a run only reads from the provider', () => {
    const methods = new Set(scene.cloud.requests.map(({ method }) => method));
    expect([...methods].filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  test('a run opens no port', () => {
    // `open-no-port.ts` ends a process that opens a port.
    expectExit(first, 0);
  });

  test('a run reads the whole listing if the last time was a week ago, and otherwise stops early', async () => {
    const modes: string[] = [];
    // The library has one page, so every listing reads it whole, and the week begins anew.
    for (const days of [6, 6 + 8]) {
      const environment = { CLOCK_AHEAD_MS: String(days * dayMs), NODE_OPTIONS: preload('shift-clock.ts') };
      const run = await scene.startSync({ environment }).ended;
      modes.push(...eventsOf(run, 'listing.started').map(({ mode }) => mode));
    }
    expect(modes).toEqual(['quick', 'full']);
  });
});
