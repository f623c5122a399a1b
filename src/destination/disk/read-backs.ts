import type { FileHandle } from 'node:fs/promises';
import { mostReadBytes, readRange, type ReadBytes } from './content.ts';
import { oneAtATime } from './files.ts';

export interface WrittenPart {
  readonly number: number;
  readonly start: number;
  readonly sizeBytes: number;
}

/** Reads parts back once they are written, while others are still under way, so that publishing a large file need not. */
export interface ReadBacks {
  /** Begins to read a part, which nobody writes to any more unless `forget` is called; `release` follows when its file is not needed any longer. */
  begin(id: string, part: WrittenPart, file: FileHandle, release: () => Promise<void>): void;
  /**
   * What was read of the parts of an upload, by their numbers, once nothing of it is being read. Rejects when a part could not be brought to the disk:
   * the system tells that once, and then takes its pages for clean.
   */
  of(id: string): Promise<ReadonlyMap<number, ReadBytes>>;
  /** What was read of a part, or of all of an upload's, does not count any more. */
  forget(id: string, number?: number): void;
  /** Resolves when no file of an upload is used any more. */
  settle(id: string): Promise<void>;
  /** Forgets everything; resolves when no file is used any more. */
  close(): Promise<void>;
}

interface ReadBack {
  read: ReadBytes | undefined;
}

/** One part is read at a time: all share one buffer, and the disk has other things to do. */
export function createReadBacks(): ReadBacks {
  const uploads = new Map<string, Map<number, ReadBack>>();
  const last = new Map<string, Promise<void>>();
  /** Why an upload cannot be relied on. */
  const failures = new Map<string, { readonly error: unknown }>();
  const inTurn = oneAtATime();
  let buffer: Buffer | undefined;

  const settle = async (id: string): Promise<void> => last.get(id);
  const forget: ReadBacks['forget'] = (id, number) => {
    if (number !== undefined) {
      uploads.get(id)?.delete(number);
      return;
    }
    failures.delete(id);
    uploads.get(id)?.clear();
    uploads.delete(id);
  };
  return {
    settle,
    forget,
    begin: (id, part, file, release) => {
      const parts = uploads.get(id) ?? new Map<number, ReadBack>();
      uploads.set(id, parts);
      const entry: ReadBack = { read: undefined };
      parts.set(part.number, entry);
      const read = async () => {
        if (parts.get(part.number) !== entry) return;
        buffer ??= Buffer.allocUnsafeSlow(mostReadBytes);
        // Else a read would answer from memory what the disk has not seen yet.
        await file.datasync();
        // What cannot be read is read again, and told, when the file is published.
        entry.read = await readRange(file, buffer, part).catch(() => undefined);
      };
      const readAndRelease = async () => {
        try {
          await read();
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
    },
    of: async (id) => {
      await settle(id);
      const failure = failures.get(id);
      if (failure) throw failure.error;
      const read = new Map<number, ReadBytes>();
      for (const [number, entry] of uploads.get(id) ?? []) if (entry.read) read.set(number, entry.read);
      return read;
    },
    close: async () => {
      for (const id of uploads.keys()) forget(id);
      await Promise.all(last.values());
    },
  };
}
