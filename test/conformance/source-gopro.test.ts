import { createHash } from 'node:crypto';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createHttpClient } from '../../src/lib/http/index.ts';
import type { Role } from '../../src/media.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { startGoproCloud, type GoproCloud } from '../../src/sim/gopro/index.ts';
import { expectedOriginals, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { photo } from '../../src/sim/gopro/library/shapes.ts';
import { createGoproSource } from '../../src/source/gopro/index.ts';
import { sourceConformance, type SourceStage } from './source.ts';

/** A clock without real time, so that no test waits for a backoff. */
const hastyClock: Clock = {
  now: () => Date.now() * 1_000,
  elapsed: () => performance.now() * 1_000,
  sleep: async (forMs, signal) => systemClock.sleep(forMs / 1_000, signal),
};

async function stageOf(cloud: GoproCloud): Promise<SourceStage> {
  const { library } = cloud;
  const http = createHttpClient({ connections: 4 });
  const credentials = { accessToken: cloud.accessToken, userId: cloud.userId };
  const source = createGoproSource({
    apiUrl: cloud.apiUrl,
    credentials,
    requestsPerSecond: 4,
    stallMs: 5_000,
    http,
    clock: hastyClock,
  });
  const fault = (fields: Fault): void => cloud.faults.set([fields]);
  return {
    source,
    ids: () => [...library.media()].map(({ id }) => id),
    files: (roles) =>
      expectedOriginals(library, { edits: roles.includes('edit'), sidecars: roles.includes('sidecar') }).map((original) => ({
        ...original,
        role: original.role satisfies Role,
      })),
    notReady: idWhere(cloud, ({ record }) => record.ready_to_view === 'transcoding'),
    unavailable: idWhere(cloud, ({ waitsFor }) => waitsFor === 'availability'),
    proxiesOnly: idWhere(cloud, ({ waitsFor }) => waitsFor === 'original'),
    edit: idWhere(cloud, ({ record }) => record.type === 'MultiClipEdit'),
    plain: idWhere(cloud, ({ record }) => record.filename === 'GX010101.MP4'),
    sha256: async (url) => {
      const reply = await http.request(new URL(url), { stallMs: 5_000 });
      const hash = createHash('sha256');
      await reply.body.pump((chunk) => void hash.update(chunk));
      return hash.digest('hex');
    },
    remove: (id) => library.trash(id),
    add: () =>
      library.add(photo({ id: 'added', seed: 'added', filename: 'ADDED.JPG', createdAt: '2026-01-01T00:00:00Z' }, 1_000)),
    expire: () => cloud.expireToken(),
    breakDown: () => fault({ match: { host: 'api' }, action: { type: 'status', status: 503 } }),
    misshape: (what) =>
      what === 'listing'
        ? fault({ match: { endpoint: 'search' }, action: { type: 'misshapen', missing: '_pages' } })
        : fault({ match: { endpoint: 'download', ...what }, action: { type: 'malformedJson' } }),
    refuse: (mediaId) => fault({ match: { endpoint: 'download', mediaId }, action: { type: 'status', status: 403 } }),
    emptyPage: (page) => fault({ match: { endpoint: 'search', page }, action: { type: 'emptyPage' } }),
    async [Symbol.asyncDispose]() {
      await http.close();
      await cloud.close();
    },
  };
}

function idWhere(cloud: GoproCloud, matches: (medium: SimMedium) => boolean): string {
  const found = [...cloud.library.media()].find(matches);
  if (found === undefined) throw new Error('The library has no medium of this kind.');
  return found.id;
}

sourceConformance('GoPro', async () => stageOf(await startGoproCloud({ perPageCap: 17 })));
