import type { UploadState } from '../../../src/destination/destination.ts';
import type { LeaseRecord } from '../../../src/lease.ts';
import { alwaysRoles, originalId, rolesOfRun, type Medium, type Original, type Role } from '../../../src/media.ts';
import type { Claim, Tracker } from '../../../src/tracker/tracker.ts';
import { leaseRecord, medium, original } from '../../support/builders.ts';
import { collect } from '../../support/collect.ts';
import type { ManualClock } from '../../support/manual-clock.ts';

/** A ledger for one test. */
export interface TrackerBed {
  readonly tracker: Tracker;
  readonly archiveId: string;
  readonly clock: ManualClock;
  /**
   * Opens a second tracker on the same ledger, as a second process would. `dispose` closes that
   * tracker.
   */
  readonly second: () => Promise<Tracker>;
  readonly dispose: () => Promise<void>;
}

export type Check = (title: string, prove: (bed: TrackerBed) => Promise<void>) => void;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export const usual = alwaysRoles;
export const withEdits = rolesOfRun(['edits']);

export const idOf = (file: Original): string => originalId(file, file.revision);

export const whole = {
  sizeBytes: 1000,
  crc32: 0xff_ff_ff_ff,
  validator: { etag: '"w"', lastModified: 'Sun, 01 Mar 2026 12:00:00 GMT' },
};

export const failure = { code: 'STALLED', reason: 'no byte for 30 s', quarantineAfter: 3 } as const;

export const upload: UploadState = {
  id: 'upload-1',
  partSizeBytes: 400,
  sizeBytes: null,
  validator: { etag: null, lastModified: null },
};

/** Lists a medium and resolves it to these originals. */
export async function resolve(
  tracker: Tracker,
  mediaId: string,
  originals: readonly Original[],
  roles: readonly Role[] = usual,
  unavailable = 0,
) {
  if (!(await tracker.medium(mediaId))) await tracker.recordPage([medium(mediaId)], 'first');
  return tracker.recordResolution(mediaId, { roles, unavailable, originals });
}

export async function claimed(tracker: Tracker, file: Original, owner = 'worker'): Promise<Claim> {
  const claim = await tracker.claim(idOf(file), owner, 60_000);
  if (!claim) throw new Error(`${idOf(file)} cannot be claimed`);
  return claim;
}

/** Lists, resolves and archives one medium with these originals. */
export async function archive(
  tracker: Tracker,
  mediaId: string,
  originals: readonly Original[] = [original(mediaId)],
): Promise<void> {
  await resolve(tracker, mediaId, originals);
  for (const file of originals) await tracker.complete(await claimed(tracker, file), whole);
}

/** Records one complete listing that shows exactly these media. */
export async function listAll(tracker: Tracker, runId: string, media: readonly Medium[], account = 'anna'): Promise<number> {
  await tracker.recordPage(media, runId);
  return tracker.finishListing({ account, runId, complete: true, listed: media.length });
}

export async function statusOf(tracker: Tracker, file: Original) {
  return (await tracker.originals(file.mediaId)).find((row) => row.id === idOf(file))?.status;
}

export async function mediumStatus(tracker: Tracker, mediaId: string) {
  return (await tracker.medium(mediaId))?.status;
}

export async function openIds(tracker: Tracker, roles: readonly Role[] = usual): Promise<string[]> {
  return (await collect(tracker.openMedia(roles))).map((row) => row.medium.id).toSorted();
}

/**
 * Grants the next lease to a tracker, as a new run does. The tracker's writes carry the fence of
 * this lease.
 */
export async function grant(tracker: Tracker, fields: Partial<LeaseRecord> = {}): Promise<LeaseRecord> {
  const { record } = await tracker.lease.read();
  const next = leaseRecord({ fence: (record?.fence ?? 0) + 1, ...fields });
  if (!(await tracker.lease.replace(record, next))) throw new Error('the lease was taken meanwhile');
  tracker.useFence(next.fence);
  return next;
}
