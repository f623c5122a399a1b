import type { DescribedFile, FileDescription, UploadState } from '../../../src/destination/destination.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { mediumVersion, originalId, type Medium, type Original, type Role } from '../../../src/media.ts';
import type { Claim, Tracker } from '../../../src/tracker/tracker.ts';

/** A clock that goes only when it is told to. */
export interface ManualClock extends Clock {
  advance(byMs: number): void;
}

/** A ledger to try things on. */
export interface TrackerBed {
  readonly tracker: Tracker;
  readonly archiveId: string;
  readonly clock: ManualClock;
  /** Another handle on the same ledger, as a second process has it. Closed by `dispose`. */
  readonly second: () => Promise<Tracker>;
  readonly dispose: () => Promise<void>;
}

export type Check = (title: string, prove: (bed: TrackerBed) => Promise<void>) => void;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export const usual: readonly Role[] = ['source', 'raw'];
export const withEdits: readonly Role[] = ['source', 'raw', 'edit'];

export function manualClock(): ManualClock {
  let nowMs = Date.parse('2026-03-01T12:00:00.000Z');
  const advance = (byMs: number) => void (nowMs += byMs);
  return { now: () => nowMs, elapsed: () => nowMs, advance, sleep: async (forMs) => advance(forMs) };
}

export function medium(id: string, fields: Partial<Medium> = {}): Medium {
  return {
    provider: 'gopro',
    account: 'anna',
    id,
    type: 'Video',
    filename: `${id}.MP4`,
    fileExtension: 'MP4',
    sizeHintBytes: 1000,
    capturedAt: '2026-01-02T03:04:05Z',
    createdAt: '2026-01-03T03:04:05Z',
    updatedAt: '2026-01-04T03:04:05Z',
    reprocessedAt: null,
    itemCount: 1,
    cameraModel: 'HERO12 Black',
    ready: true,
    readyState: 'ready',
    ...fields,
  };
}

export function original(mediaId: string, fields: Partial<Original> = {}): Original {
  const { role = 'source', itemNumber = 1, revision = 1 } = fields;
  return {
    provider: 'gopro',
    account: 'anna',
    mediaId,
    role,
    label: role,
    type: 'mp4',
    position: 'default',
    itemNumber,
    ordinal: 1,
    revision,
    key: `gopro-videos/2026/01/${mediaId}_${role}_${itemNumber}_r${revision}.mp4`,
    ...fields,
  };
}

export const idOf = (file: Original): string => originalId(file, file.revision);

export function described(file: Original, fields: Partial<FileDescription> = {}): DescribedFile {
  const description: FileDescription = {
    original: file,
    originalName: `${file.mediaId}.MP4`,
    capturedAt: '2026-01-02T03:04:05Z',
    originalsOfMedium: 1,
    roles: usual,
    validator: { etag: '"e1"', lastModified: null },
    mediumVersion: mediumVersion(medium(file.mediaId)),
    ...fields,
  };
  return { key: file.key, sizeBytes: 1000, crc32: 7, description };
}

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

/** One complete listing that shows exactly these media. */
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

export async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
