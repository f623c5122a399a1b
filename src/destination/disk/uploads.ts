import { constants } from 'node:fs';
import { freemem } from 'node:os';
import { open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part, PartWriter, UploadState } from '../destination.ts';
import { createDraft, draftDirectory, draftSuffix, isDraftId, newDraftId } from './drafts.ts';
import type { ReadBytes } from './content.ts';
import { ignoring } from './files.ts';
import { createPartWriter, type DiskPartWriter } from './part-writer.ts';
import { createReadBacks } from './read-backs.ts';
import type { Room, Space } from './space.ts';
import { errno, storeError } from './store-error.ts';
import type { Tree } from './tree.ts';

const weekMs = 7 * 24 * 60 * 60_000;
/** Files that stay open until their first part, and after their last one until they are published. */
const mostKeptOpen = 64;

/** Unfinished files under `.cloud-sync/partial`, each named after its upload's id. */
export interface Uploads {
  path(id: string): string;
  create(wanted: Omit<UploadState, 'id'>): Promise<UploadState>;
  /** Those of `parts` that the unfinished file is long enough to hold; undefined when it is gone. */
  held(state: UploadState, parts: readonly Part[]): Promise<readonly Part[] | undefined>;
  writePart(state: UploadState, number: number, sizeBytes: number | null): PartWriter;
  /** Gives up the writers of an upload and resolves when nobody touches its file any more. */
  settle(id: string): Promise<void>;
  /** What was read of the parts of a settled upload since they were written, by their numbers. Only by this process: it trusts no other. */
  readBack(id: string): Promise<ReadonlyMap<number, ReadBytes>>;
  /** The settled file of an upload, for the caller to read, write and close; undefined when it is gone. */
  reopen(id: string): Promise<FileHandle | undefined>;
  drop(id: string): Promise<void>;
  sweep(keep: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

interface Active {
  readonly file: Promise<FileHandle>;
  users: number;
}

/** Parts are read back as they come, or `whole` files when they are published, which a hash over all of it asks for. */
export function createUploads(tree: Tree, clock: Clock, space: Space, reading: 'parts' | 'whole'): Uploads {
  const readBacks = createReadBacks();
  const active = new Map<string, Active>();
  const writers = new Map<string, Map<number, DiskPartWriter>>();
  const kept = new Map<string, FileHandle>();
  const path = (id: string) => {
    if (!isDraftId(id)) throw uploadLost(id);
    return tree.own(draftDirectory, id + draftSuffix);
  };
  /** Opening a file again for each part in turn costs more than keeping it; too many that wait for a free slot would use up the process's files. */
  const keep = async (id: string, handle: FileHandle): Promise<void> => {
    if (kept.size < mostKeptOpen && !kept.has(id)) kept.set(id, handle);
    else await handle.close();
  };
  const takeKept = (id: string): FileHandle | undefined => {
    const handle = kept.get(id);
    kept.delete(id);
    return handle;
  };
  /** Parts of one upload share a file. */
  const acquire = async (id: string): Promise<FileHandle> => {
    const entry: Active = active.get(id) ?? { file: openToWrite(path(id), id, takeKept(id)), users: 0 };
    active.set(id, entry);
    entry.users += 1;
    return entry.file;
  };
  const release = async (id: string, outcome: 'written' | 'given up') => {
    const entry = active.get(id);
    if (!entry) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    active.delete(id);
    const file = await entry.file.catch(() => undefined);
    if (outcome === 'written' && file) await keep(id, file);
    else await file?.close();
  };
  const settle = async (id: string) => {
    const ofUpload = [...(writers.get(id)?.values() ?? [])];
    for (const writer of ofUpload) writer.abort();
    await Promise.all(ofUpload.map(async (writer) => writer.closed));
    await readBacks.settle(id);
  };
  return {
    path,
    settle,
    readBack: async (id) => readBacks.of(id),
    reopen: async (id) => takeKept(id) ?? open(path(id), constants.O_RDWR).catch(ignoring('ENOENT')),
    create: async (wanted) => {
      const id = newDraftId();
      await keep(id, (await createDraft(tree, id)).handle);
      return { ...wanted, id };
    },
    held: async (state, parts) => {
      if (!isDraftId(state.id)) return undefined;
      const file = await stat(path(state.id)).catch(ignoring('ENOENT'));
      return file && parts.filter((part) => offsetOf(state, part.number) + part.sizeBytes <= file.size);
    },
    writePart: (state, number, sizeBytes) => {
      const ofUpload = writers.get(state.id) ?? new Map<number, DiskPartWriter>();
      writers.set(state.id, ofUpload);
      const earlier = ofUpload.get(number);
      earlier?.abort();
      const start = offsetOf(state, number);
      let file: FileHandle | undefined;
      let room: Room | undefined;
      const writer = createPartWriter({
        number,
        offset: start,
        sizeBytes,
        limitBytes: sizeBytes ?? state.partSizeBytes,
        open: async () => {
          file = await acquire(state.id);
          // A write of the earlier try that is still on its way must not land on top of this one.
          await earlier?.closed;
          readBacks.forget(state.id, number);
          room = await space.take(sizeBytes ?? 0);
          return file;
        },
        wrote: (bytes) => room?.wrote(bytes),
        close: async (writtenBytes) => {
          room?.release();
          if (writtenBytes === null) return release(state.id, 'given up');
          const done = async () => release(state.id, 'written');
          if (!file || reading === 'whole' || !fitsMemory(state)) return done();
          readBacks.begin(state.id, { number, start, sizeBytes: writtenBytes }, file, done);
        },
        toError: (error) => storeError(tree.root, error),
      });
      // One that never wrote closes at once, while the one before it may still be at it.
      const inLine: DiskPartWriter = { ...writer, closed: writer.closed.then(async () => earlier?.closed) };
      ofUpload.set(number, inLine);
      void inLine.closed.then(() => {
        if (ofUpload.get(number) === inLine) ofUpload.delete(number);
        if (ofUpload.size === 0) writers.delete(state.id);
      });
      return writer;
    },
    drop: async (id) => {
      if (!isDraftId(id)) return;
      readBacks.forget(id);
      await settle(id);
      await takeKept(id)?.close();
      await unlink(path(id)).catch(ignoring('ENOENT'));
    },
    sweep: async (keep) => {
      for (const name of (await readdir(tree.own(draftDirectory)).catch(ignoring('ENOENT'))) ?? []) {
        const id = name.slice(0, -draftSuffix.length);
        if (!name.endsWith(draftSuffix) || keep.has(id) || writers.has(id)) continue;
        const file = await stat(tree.own(draftDirectory, name)).catch(ignoring('ENOENT'));
        // The time of the last change to the file or its names, which unlike mtime nobody sets.
        if (file && clock.now() - file.ctimeMs > weekMs) await unlink(tree.own(draftDirectory, name)).catch(ignoring('ENOENT'));
      }
    },
    close: async () => {
      await Promise.all([...writers.keys()].map(settle));
      await readBacks.close();
      await Promise.all([...kept.keys()].map(async (id) => takeKept(id)?.close()));
    },
  };
}

/** Else a read at the end comes from the disk itself for the most part, and says more than one at once. */
function fitsMemory({ sizeBytes }: UploadState): boolean {
  return sizeBytes === null || sizeBytes < freemem() / 2;
}

/** Where a part begins in its file. */
function offsetOf(state: UploadState, number: number): number {
  return (number - 1) * state.partSizeBytes;
}

export function uploadLost(id: string): SyncError {
  return new SyncError('UPLOAD_LOST', `the unfinished file of upload ${id} is gone`);
}

/**
 * An unfinished file to write to, which is `kept` if it stayed open. UPLOAD_LOST when it is gone, and also when it has a second name: a
 * crash after publishing leaves that, and whatever is written to it then would change the archived file.
 */
async function openToWrite(path: string, id: string, kept: FileHandle | undefined): Promise<FileHandle> {
  if (kept) return kept;
  const file = await open(path, constants.O_RDWR).catch((error: unknown) => {
    throw errno(error) === 'ENOENT' ? uploadLost(id) : error;
  });
  if ((await file.stat()).nlink <= 1) return file;
  await file.close();
  throw uploadLost(id);
}
