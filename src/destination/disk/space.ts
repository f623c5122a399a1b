import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { errno, isSilent } from './store-error.ts';

/**
 * If at least this much space would remain, the free space is cached for 1 s, otherwise for 50 ms.
 */
const ampleBytes = 1024 ** 3;
const cachedMs = 1_000;
const cachedWhenTightMs = 50;

/** The free space on an archive's file system. Reserved space counts as used. */
export interface Space {
  /** The path of the archive, for messages. */
  readonly location: string;
  /** Asks the file system for the free space. Returns null if no limit is known. */
  readonly askFreeBytes: () => Promise<number | null>;
  readonly minimumFreeBytes: number;
  readonly clock: Clock;
  answer: { freeBytes: number; readonly askedAtMs: number };
  asking: Promise<void> | undefined;
  /** The bytes that are reserved for each upload and are not written yet, by upload id. */
  readonly reserved: Map<string, number>;
  /** The sum of `reserved`. */
  comingBytes: number;
}

/**
 * Returns what the file system of a directory says about itself. Returns null if it does not say
 * it, whatever the code, because no run needs it. Throws if the disk no longer answers.
 */
export async function describeFileSystem(directory: string): Promise<StatsFs | null> {
  return statfs(directory).catch((error: unknown) => {
    if (errno(error) === undefined || isSilent(error)) throw error;
    return null;
  });
}

/**
 * Returns the free space in bytes, or null if the directory does not exist yet or its file system
 * does not report free space.
 */
export async function freeBytesAt(directory: string): Promise<number | null> {
  const system = await describeFileSystem(directory);
  if (!system || system.blocks === 0) return null;
  // The blocks are counted in units of `frsize`, which some network file systems set apart from
  // `bsize`.
  const blockBytes = system.frsize || system.bsize;
  return blockBytes > 0 ? system.bavail * blockBytes : null;
}

export function createSpace(options: Pick<Space, 'location' | 'askFreeBytes' | 'minimumFreeBytes' | 'clock'>): Space {
  const answer = { freeBytes: 0, askedAtMs: -Infinity };
  return { ...options, answer, asking: undefined, reserved: new Map(), comingBytes: 0 };
}

/**
 * Throws DESTINATION_FULL if `bytes` more bytes would leave less than the minimum of free space.
 * Space that is reserved for uploads counts as used.
 */
export async function requireSpace(space: Space, bytes: number): Promise<void> {
  await refresh(space, space.comingBytes + bytes);
  assertFits(space, bytes);
}

/**
 * Checks like `requireSpace`, and reserves the space for an upload until it is used or released. An
 * upload has one reservation. A new reservation replaces the old one.
 */
export async function reserveSpace(space: Space, id: string, bytes: number): Promise<void> {
  releaseSpace(space, id);
  await refresh(space, space.comingBytes + bytes);
  // `requireSpace` is not called here: while we awaited it, another file could reserve the space.
  assertFits(space, bytes);
  setReserved(space, id, bytes);
}

/**
 * Throws DESTINATION_FULL if the disk cannot take `bytes` more bytes of an upload, because other
 * programs have used the reserved space.
 */
export async function requireFree(space: Space, bytes: number): Promise<void> {
  await refresh(space, bytes);
  if (spareBytes(space, bytes) < 0) throw fullError(space, bytes, 0);
}

/** Records that `writtenBytes` of an upload are now on the disk. */
export function useSpace(space: Space, id: string, writtenBytes: number): void {
  space.answer.freeBytes -= writtenBytes;
  setReserved(space, id, Math.max(0, (space.reserved.get(id) ?? 0) - writtenBytes));
}

/** Ends the reservation of an upload, because no more bytes will come for now. */
export function releaseSpace(space: Space, id: string): void {
  setReserved(space, id, 0);
}

function setReserved(space: Space, id: string, bytes: number): void {
  space.comingBytes += bytes - (space.reserved.get(id) ?? 0);
  if (bytes > 0) space.reserved.set(id, bytes);
  else space.reserved.delete(id);
}

function spareBytes({ answer, minimumFreeBytes }: Space, bytes: number): number {
  return answer.freeBytes - bytes - minimumFreeBytes;
}

/**
 * Asks the file system again if its last answer is too old. The less space remains, the sooner an
 * answer is too old. Simultaneous calls share one answer.
 */
async function refresh(space: Space, bytes: number): Promise<void> {
  const spare = spareBytes(space, bytes);
  const ageMs = space.clock.elapsed() - space.answer.askedAtMs;
  if (spare >= 0 && ageMs < (spare >= ampleBytes ? cachedMs : cachedWhenTightMs)) return;
  space.asking ??= ask(space).finally(() => (space.asking = undefined));
  await space.asking;
}

async function ask(space: Space): Promise<void> {
  const askedAtMs = space.clock.elapsed();
  space.answer = { freeBytes: (await space.askFreeBytes()) ?? Infinity, askedAtMs };
}

function assertFits(space: Space, bytes: number): void {
  const { comingBytes } = space;
  if (spareBytes(space, comingBytes + bytes) < 0) throw fullError(space, bytes, comingBytes);
}

function fullError({ location, answer, minimumFreeBytes }: Space, bytes: number, comingBytes: number): SyncError {
  const others = comingBytes > 0 ? `, other files in transfer need ${comingBytes} bytes` : '';
  return new SyncError(
    'DESTINATION_FULL',
    `${location} has ${answer.freeBytes} bytes free, but ${bytes} more are needed${others}, and ${minimumFreeBytes} must stay free`,
    { hint: 'Free some space there or choose another destination. Archived files are not affected.' },
  );
}
