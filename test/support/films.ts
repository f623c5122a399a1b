/** Films in the parts in which the provider stored them, and what a run says of their proof. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import type { StoredAs } from '../../src/sim/etag.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import type { SimMedium } from '../../src/sim/gopro/library/library.ts';
import { video } from '../../src/sim/gopro/library/shapes.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import { eventsOf, type CliRun } from './cli.ts';
import type { Scene } from './scene.ts';
import { createMediaMaker } from './simulated-media.ts';

export const mebibyte = 1024 * 1024;

/** Makes films that the provider stored in parts of `partMebibytes` (null: in one piece). */
export function filmMaker(seed: string) {
  const maker = createMediaMaker(seed);
  return (partMebibytes: number | null, sizeMebibytes: number, encryption?: StoredAs['encryption']): SimMedium => {
    const partBytes = partMebibytes === null ? null : partMebibytes * mebibyte;
    const stored = [{ partBytes, ...(encryption && { encryption }) }];
    return video({ ...maker.spec('MP4'), stored }, Math.round(sizeMebibytes * mebibyte));
  };
}

/** A wrong byte in the replies that match. */
export function wrongByte(
  { id }: SimMedium,
  match: Fault['match'] = {},
  at: 'middle' | 'beforeBorder' | 'afterBorder' = 'middle',
): Fault {
  return {
    match: { host: 'cdn', method: 'GET', mediaId: id, byte: 'middle', ...match },
    action: { type: 'corrupt', at },
  };
}

function proofs(run: CliRun): Record<string, string> {
  return Object.fromEntries(eventsOf(run, 'file.archived').map(({ mediaId, proof }) => [mediaId, proof]));
}

export function proofsOf(run: CliRun, media: readonly SimMedium[]): (string | undefined)[] {
  const all = proofs(run);
  return media.map(({ id }) => all[id]);
}

export function downloads({ cloud }: Scene, { id }: SimMedium) {
  return cloud.requests.filter(({ host, method, mediaId }) => host === 'cdn' && method === 'GET' && mediaId === id);
}

/** The bytes of a film that the media host sent. */
export function sentBytes(scene: Scene, medium: SimMedium): number {
  return downloads(scene, medium).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** Marks an archived film as suspect, as `verify` does. */
export async function markSuspect({ home }: Scene, { id }: SimMedium): Promise<void> {
  const [archiveId = ''] = await readdir(join(home, 'archives'));
  const path = join(home, 'archives', archiveId, 'tracker.sqlite');
  const tracker = await openSqliteTracker({ path, archiveId, clock: systemClock });
  for (const row of await tracker.originals(id)) await tracker.recordCheck(row.id, { mark: 'SUSPECT', hasReadBytes: true });
  await tracker.close();
}
