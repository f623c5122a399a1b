import type { FileHandle } from 'node:fs/promises';
import type { ContentFacts } from '../destination.ts';
import { maxReadBytes, readRange } from './content.ts';
import { oneAtATime } from './files.ts';

export interface WrittenPart {
  readonly number: number;
  readonly start: number;
  readonly sizeBytes: number;
}

/**
 * Reads parts back while other parts are still being written, so that a large file need not be read
 * again when it is published. Only one part is read at a time: all reads share one buffer, and more
 * reads would slow down the writes.
 */
export interface ReadBacks {
  readonly uploads: Map<string, Map<number, ReadBack>>;
  /** The last read of each upload, which may be waiting or running. */
  readonly last: Map<string, Promise<void>>;
  /** The reason why the parts of an upload cannot be trusted, by upload id. */
  readonly failures: Map<string, { readonly error: unknown }>;
  readonly inTurn: ReturnType<typeof oneAtATime>;
  buffer: Buffer | undefined;
}

interface ReadBack {
  read: ContentFacts | undefined;
}

export function createReadBacks(): ReadBacks {
  return { uploads: new Map(), last: new Map(), failures: new Map(), inTurn: oneAtATime(), buffer: undefined };
}

/**
 * Begins to read back a part that no writer uses any more. Calls `release` when the read no longer
 * needs the file.
 */
export function beginReadBack(
  readBacks: ReadBacks,
  id: string,
  part: WrittenPart,
  file: FileHandle,
  release: () => Promise<void>,
): void {
  const { uploads, last, failures, inTurn } = readBacks;
  const parts = uploads.get(id) ?? new Map<number, ReadBack>();
  uploads.set(id, parts);
  const entry: ReadBack = { read: undefined };
  parts.set(part.number, entry);
  const readAndRelease = async () => {
    try {
      // A part that was forgotten while it waited is not read.
      if (parts.get(part.number) === entry) entry.read = await readFromDisk(readBacks, file, part);
    } finally {
      await release();
    }
  };
  const reading = inTurn(readAndRelease)
    .catch((error: unknown) => {
      if (uploads.get(id) === parts) failures.set(id, { error });
    })
    .then(() => {
      if (last.get(id) === reading) last.delete(id);
    });
  last.set(id, reading);
}

async function readFromDisk(readBacks: ReadBacks, file: FileHandle, part: WrittenPart): Promise<ContentFacts | undefined> {
  readBacks.buffer ??= Buffer.allocUnsafeSlow(maxReadBytes);
  // Without a sync, the system would answer the read from its memory, with bytes that the disk does
  // not have yet.
  await file.datasync();
  // A failed read is ignored here. `commit` reads the part again and reports the error.
  return readRange(file, readBacks.buffer, part).catch(() => undefined);
}

/**
 * Waits until no read of this upload is running. Returns the size and checksum of each part that
 * was read, by part number. Rejects if a part could not be synced, because a later sync would not
 * report the failure again.
 */
export async function readBackParts(readBacks: ReadBacks, id: string): Promise<ReadonlyMap<number, ContentFacts>> {
  await awaitReadBacks(readBacks, id);
  const failure = readBacks.failures.get(id);
  if (failure) throw failure.error;
  const read = new Map<number, ContentFacts>();
  for (const [number, entry] of readBacks.uploads.get(id) ?? []) if (entry.read) read.set(number, entry.read);
  return read;
}

/** Forgets the read-back of a part, because the part is written again. */
export function forgetPart({ uploads }: ReadBacks, id: string, number: number): void {
  uploads.get(id)?.delete(number);
}

/** Forgets all read-backs of an upload. */
export function forgetUpload({ uploads, failures }: ReadBacks, id: string): void {
  failures.delete(id);
  uploads.get(id)?.clear();
  uploads.delete(id);
}

/** Resolves when no read uses a file of this upload. */
export async function awaitReadBacks({ last }: ReadBacks, id: string): Promise<void> {
  return last.get(id);
}

/** Forgets all read-backs. Resolves when no read uses a file. */
export async function closeReadBacks(readBacks: ReadBacks): Promise<void> {
  for (const id of readBacks.uploads.keys()) forgetUpload(readBacks, id);
  await Promise.all(readBacks.last.values());
}
