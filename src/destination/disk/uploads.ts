import { constants } from 'node:fs';
import { open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part, PartWriter, UploadState } from '../destination.ts';
import { createDraft, draftDirectory, draftSuffix } from './drafts.ts';
import { ignoring } from './files.ts';
import { createPartWriter, type DiskPartWriter } from './part-writer.ts';
import { errno, storeError } from './store-error.ts';
import type { Tree } from './tree.ts';

const weekMs = 7 * 24 * 60 * 60_000;

/** Unfinished files under `.cloud-sync/partial`, each named after its upload's id. */
export interface Uploads {
  path(id: string): string;
  create(wanted: Omit<UploadState, 'id'>): Promise<UploadState>;
  /** Those of `parts` that the unfinished file is long enough to hold; undefined when it is gone. */
  held(state: UploadState, parts: readonly Part[]): Promise<readonly Part[] | undefined>;
  writePart(state: UploadState, number: number, sizeBytes: number | null): PartWriter;
  /** Gives up the writers of an upload and resolves when none touches its file any more. */
  settle(id: string): Promise<void>;
  drop(id: string): Promise<void>;
  sweep(keep: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

interface Active {
  readonly file: Promise<FileHandle>;
  users: number;
}

/** `requireSpace` rejects with DESTINATION_FULL. */
export function createUploads(tree: Tree, clock: Clock, requireSpace: (bytes: number) => Promise<void>): Uploads {
  const active = new Map<string, Active>();
  const writers = new Map<string, Map<number, DiskPartWriter>>();
  const path = (id: string) => {
    if (!isOurs(id)) throw uploadLost(id);
    return tree.own(draftDirectory, id + draftSuffix);
  };
  /** Parts of one upload share a file, which is open only as long as one of them needs it. */
  const acquire = async (id: string): Promise<FileHandle> => {
    const entry: Active = active.get(id) ?? { file: openToWrite(path(id), id), users: 0 };
    active.set(id, entry);
    entry.users += 1;
    return entry.file;
  };
  const release = async (id: string) => {
    const entry = active.get(id);
    if (!entry) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    active.delete(id);
    const file = await entry.file.catch(() => undefined);
    await file?.close();
  };
  const settle = async (id: string) => {
    const ofUpload = [...(writers.get(id)?.values() ?? [])];
    for (const writer of ofUpload) writer.abort();
    await Promise.all(ofUpload.map(async (writer) => writer.closed));
  };
  return {
    path,
    settle,
    create: async (wanted) => {
      const { id, handle } = await createDraft(tree);
      await handle.close();
      return { ...wanted, id };
    },
    held: async (state, parts) => {
      if (!isOurs(state.id)) return undefined;
      const file = await stat(path(state.id)).catch(ignoring('ENOENT'));
      return file && parts.filter((part) => offsetOf(state, part.number) + part.sizeBytes <= file.size);
    },
    writePart: (state, number, sizeBytes) => {
      const ofUpload = writers.get(state.id) ?? new Map<number, DiskPartWriter>();
      writers.set(state.id, ofUpload);
      const earlier = ofUpload.get(number);
      earlier?.abort();
      const writer = createPartWriter({
        number,
        offset: offsetOf(state, number),
        sizeBytes,
        limitBytes: sizeBytes ?? state.partSizeBytes,
        open: async () => {
          const file = await acquire(state.id);
          // A write of the earlier try that is still on its way must not land on top of this one.
          await earlier?.closed;
          await requireSpace(sizeBytes ?? 0);
          return file;
        },
        close: async () => release(state.id),
        toError: (error) => storeError(tree.root, error),
      });
      ofUpload.set(number, writer);
      void writer.closed.then(() => {
        if (ofUpload.get(number) === writer) ofUpload.delete(number);
        if (ofUpload.size === 0) writers.delete(state.id);
      });
      return writer;
    },
    drop: async (id) => {
      if (!isOurs(id)) return;
      await settle(id);
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
    },
  };
}

/** An id comes back from a tracker, which may have kept it for another store. */
function isOurs(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

/** Where a part begins in its file. */
function offsetOf(state: UploadState, number: number): number {
  return (number - 1) * state.partSizeBytes;
}

export function uploadLost(id: string): SyncError {
  return new SyncError('UPLOAD_LOST', `the unfinished file of upload ${id} is gone`);
}

/**
 * Opens an unfinished file to write. UPLOAD_LOST when it is gone, and also when it has a second name: a crash after publishing leaves that, and
 * whatever is written to it then would change the archived file.
 */
async function openToWrite(path: string, id: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR).catch((error: unknown) => {
    throw errno(error) === 'ENOENT' ? uploadLost(id) : error;
  });
  if ((await file.stat()).nlink <= 1) return file;
  await file.close();
  throw uploadLost(id);
}
