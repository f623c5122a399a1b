/** A place for tests of a destination, and the steps that many of these tests share. */
import { createCipheriv } from 'node:crypto';
import { expect } from 'vitest';
import type { Destination, FileDescription, Opened, Part, UploadState } from '../../../src/destination/destination.ts';
import { SyncError, type ErrorCode } from '../../../src/errors.ts';
import type { LeaseRecord } from '../../../src/lease.ts';
import { crc32 } from '../../../src/lib/crc32.ts';
import { partRanges } from '../../../src/transfer/original/parts.ts';
import { description, leaseRecord, original } from '../../support/builders.ts';
import { collect } from '../../support/collect.ts';

/** An empty place for one archive, which tests can read and change without the adapter. */
export interface DestinationStage extends AsyncDisposable {
  /** The smallest size that the store accepts for a part that is not the last of its file. */
  readonly partSizeBytes: number;
  /** Opens a new adapter on this place, as a new process would. The stage closes the adapter. */
  open(): Promise<Destination>;
  /** Returns the bytes at a key, or undefined if the key is free. */
  readContent(key: string): Promise<Buffer | undefined>;
  /** Puts a file at a key as a foreign program would do it. */
  place(key: string, content: Buffer): Promise<void>;
  /** Changes bytes of the file at a key, but not its size. */
  corrupt(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** The number of unfinished uploads in the place. */
  unfinished(): Promise<number>;
  /** Moves the clock of the adapters forward. */
  advance(ms: number): void;
}

/** A stage with an archive, and the adapter of a process that has the lease of this archive. */
export interface DestinationBed {
  /** Makes another empty stage. */
  readonly setup: () => Promise<DestinationStage>;
  readonly stage: DestinationStage;
  destination: Destination;
}

export type Check = (title: string, prove: (bed: DestinationBed) => Promise<void>) => void;

export async function openBed(setup: () => Promise<DestinationStage>): Promise<DestinationBed & AsyncDisposable> {
  const stage = await setup();
  const bed = { setup, stage, ...(await begin(stage)) };
  return Object.assign(bed, {
    [Symbol.asyncDispose]: async () => {
      await end(bed);
      await stage[Symbol.asyncDispose]();
    },
  });
}

/** Lets a new process take over the place. */
export async function restart(bed: DestinationBed): Promise<void> {
  await end(bed);
  Object.assign(bed, await begin(bed.stage));
}

async function begin(stage: DestinationStage): Promise<Pick<DestinationBed, 'destination'>> {
  const destination = await stage.open();
  await destination.initialise('archive-1');
  await lease(destination, leaseRecord());
  return { destination };
}

/** Lets a new process take over the place. The process with fence 1 may still run. */
export async function takeOver({ stage }: DestinationBed, fence = 2): Promise<Destination> {
  const destination = await stage.open();
  await lease(destination, leaseRecord({ fence, unprovenFence: 1 }));
  return destination;
}

async function lease(destination: Destination, record: LeaseRecord): Promise<void> {
  const { record: before } = (await destination.lease?.read()) ?? {};
  await destination.lease?.replace(before, record);
}

async function end({ destination }: DestinationBed): Promise<void> {
  await destination.close();
}

/** A description with every field filled. */
export function describeFile(mediaId: string): FileDescription {
  const file = original(mediaId, { account: 'account one', key: `gopro-videos/2024/01/GX010001__${mediaId}.MP4` });
  return description(file, { originalName: 'GX010001.MP4', originalsOfMedium: 2 });
}

/** Pseudo-random bytes that depend on the seed. */
export function bytesOf(seed: string, sizeBytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(crc32(seed));
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

export function wholeOf(content: Buffer): { sizeBytes: number; crc32: number } {
  return { sizeBytes: content.length, crc32: crc32(content) };
}

export function wanted(
  { stage }: DestinationBed,
  sizeBytes: number | null,
  change: Partial<UploadState> = {},
): Omit<UploadState, 'id'> {
  return { partSizeBytes: stage.partSizeBytes, sizeBytes, validator: { etag: '"v1"', lastModified: null }, ...change };
}

export function rangesOf({ stage }: DestinationBed, content: Buffer) {
  return partRanges(content.length, stage.partSizeBytes).map(({ number, start, sizeBytes }) => ({
    number,
    bytes: content.subarray(start, start + sizeBytes),
  }));
}

export function asUpload(opened: Opened): Extract<Opened, { kind: 'upload' }> {
  if (opened.kind === 'upload') return opened;
  throw new Error(`${opened.file.key} counts as finished`);
}

export async function upload(
  bed: DestinationBed,
  file: FileDescription,
  content: Buffer,
): Promise<{ state: UploadState; parts: Part[] }> {
  const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
  const parts: Part[] = [];
  for (const { number, bytes } of rangesOf(bed, content)) {
    parts.push(await writePart(bed.destination, file, state, number, bytes));
  }
  return { state, parts };
}

export async function archive(bed: DestinationBed, file: FileDescription, content: Buffer) {
  const { state, parts } = await upload(bed, file, content);
  return bed.destination.commit(file, state, parts, wholeOf(content));
}

/** Replaces the file at the key, as the repair of a damaged file does. */
export async function replace(bed: DestinationBed, file: FileDescription, content: Buffer) {
  const options = { replaces: true };
  const opened = await bed.destination.open(file, wanted(bed, content.length), undefined, options);
  const { state } = asUpload(opened);
  const parts: Part[] = [];
  for (const { number, bytes } of rangesOf(bed, content)) {
    parts.push(await writePart(bed.destination, file, state, number, bytes));
  }
  return bed.destination.commit(file, state, parts, wholeOf(content), options);
}

/** Writes a part in chunks that all use the same memory, as the chunks of a socket may. */
export async function writePart(
  destination: Destination,
  file: FileDescription,
  state: UploadState,
  number: number,
  bytes: Buffer,
  said: { readonly announced?: number | null; readonly crc32?: number } = {},
): Promise<Part> {
  const announced = said.announced === undefined ? bytes.length : said.announced;
  const writer = destination.writePart(file, state, number, announced);
  const memory = Buffer.alloc(65_536);
  try {
    for (let start = 0; start < bytes.length; start += memory.length) {
      const length = bytes.copy(memory, 0, start);
      await writer.write(memory.subarray(0, length));
      memory.fill(0xdd);
    }
    return await writer.end(said.crc32 ?? crc32(bytes));
  } catch (error) {
    writer.abort();
    throw error;
  }
}

export async function expectArchived({ stage, destination }: DestinationBed, file: FileDescription, content: Buffer) {
  const { key } = file.original;
  expect((await stage.readContent(key))?.equals(content)).toBe(true);
  expect(await destination.stat(key, { deep: true })).toEqual({ key, ...wholeOf(content) });
  expect((await collect(destination.list())).find((listed) => listed.key === key)?.description).toEqual(file);
}

export async function expectNothing({ stage, destination }: DestinationBed, file: FileDescription) {
  // Compares only the length, because a failed comparison of contents would print the whole file,
  // which takes seconds.
  expect((await stage.readContent(file.original.key))?.length).toBeUndefined();
  expect(await destination.stat(file.original.key)).toBeUndefined();
  expect(await collect(destination.list())).toEqual([]);
}

export async function expectCode(action: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error: unknown = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(codeOf(error)).toBe(code);
}

export function codeOf(error: unknown): string {
  return error instanceof SyncError ? error.code : String(error);
}
