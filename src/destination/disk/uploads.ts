import { constants } from 'node:fs';
import { freemem } from 'node:os';
import { copyFile, lstat, readdir, rm, unlink, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { LeaseRecord } from '../../lease.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part, PartWriter, UploadState, WantedUpload } from '../destination.ts';
import { abandonedAfterMs } from '../upload-state.ts';
import { createDraft, draftFence, draftPath, draftSuffix, isDraftId, newDraftId } from './drafts.ts';
import { ignoring } from './files.ts';
import { createFileLimits, noteTooLarge, type FileLimits } from './limits.ts';
import { openOwnFile } from './own-files.ts';
import { acquireFile, closeKept, keepFile, releaseFile, takeKept, type OpenFiles } from './open-files.ts';
import { DiskPartWriter, type PartTarget } from './part-writer.ts';
import {
  awaitReadBacks,
  beginReadBack,
  closeReadBacks,
  createReadBacks,
  forgetPart,
  forgetUpload,
  type ReadBacks,
} from './read-backs.ts';
import { releaseSpace, requireFree, reserveSpace, useSpace, type Space } from './space.ts';
import { errno, storeError } from './store-error.ts';
import { draftDirectory, type Tree } from './tree.ts';

/** The unfinished files in `.cloud-sync/partial`. Each is named after its upload's id. */
export interface Uploads {
  readonly tree: Tree;
  readonly clock: Clock;
  readonly space: Space;
  /**
   * `part`: each part is read back after it was written. `whole file`: the file is read back when
   * it is published, because a hash needs all bytes in order.
   */
  readonly readBackBy: 'part' | 'whole file';
  readonly readBacks: ReadBacks;
  readonly files: OpenFiles;
  /** The lease of this process; undefined if it has none. */
  readonly lease: () => LeaseRecord | undefined;
  readonly limits: FileLimits;
  /** The active writers, by upload id and then by part number. */
  readonly writers: Map<string, Map<number, ActiveWriter>>;
}

interface ActiveWriter {
  readonly writer: PartWriter;
  /**
   * Resolves when this writer and all earlier writers of the same part have stopped using the file.
   */
  readonly closed: Promise<void>;
}

export function createUploads(options: Omit<Uploads, 'readBacks' | 'files' | 'limits' | 'writers'>): Uploads {
  const files: OpenFiles = { tree: options.tree, inUse: new Map(), kept: new Map() };
  return { ...options, readBacks: createReadBacks(), files, limits: createFileLimits(), writers: new Map() };
}

/** Begins an upload with a new draft. `id` comes from `newDraftId`. */
export async function beginUpload(uploads: Uploads, wanted: WantedUpload, id: string): Promise<UploadState> {
  await keepFile(uploads.files, id, (await createDraft(uploads.tree, id)).handle);
  return { ...wanted, id };
}

/**
 * Returns an upload whose draft no other process has open, if necessary a copy. The old draft
 * stays, because the tracker still names it. If the draft is gone, returns the state unchanged.
 * Returns undefined if the disk has no space for a copy and `comingBytes` more bytes.
 */
export async function ownUpload(uploads: Uploads, state: UploadState, comingBytes = 0): Promise<UploadState | undefined> {
  const { tree, lease } = uploads;
  if (!isDraftId(state.id) || draftFence(state.id) > (lease()?.unprovenFence ?? -1)) return state;
  const draft = await lstat(draftPath(tree, state.id)).catch(ignoring('ENOENT'));
  if (!draft?.isFile()) return state;
  const id = newDraftId(lease()?.fence);
  if (!(await copyDraft(uploads, { from: state.id, to: id }, draft.size, comingBytes))) return undefined;
  return { ...state, id };
}

/**
 * Copies a draft. File systems that can share blocks between files need no space for the copy.
 * Returns false if there is too little space. A failed copy leaves no file.
 */
async function copyDraft(
  { tree, space }: Uploads,
  { from, to }: { readonly from: string; readonly to: string },
  sizeBytes: number,
  comingBytes: number,
): Promise<boolean> {
  const copy = async (how: number) => copyFile(draftPath(tree, from), draftPath(tree, to), constants.COPYFILE_EXCL | how);
  const isShared = await copy(constants.COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
  if (isShared) return true;
  try {
    await reserveSpace(space, to, sizeBytes + comingBytes);
    await copy(0);
    useSpace(space, to, sizeBytes);
    return true;
  } catch (error) {
    releaseSpace(space, to);
    const failure = storeError(tree.root, error);
    if (failure instanceof SyncError && failure.code === 'DESTINATION_FULL') return false;
    throw failure;
  }
}

/**
 * Returns the `parts` that lie within the draft's length, or undefined if the draft is gone or no
 * file.
 */
export async function heldParts(
  { tree }: Uploads,
  state: UploadState,
  parts: readonly Part[],
): Promise<readonly Part[] | undefined> {
  if (!isDraftId(state.id)) return undefined;
  const file = await lstat(draftPath(tree, state.id)).catch(ignoring('ENOENT'));
  return file?.isFile() ? parts.filter((part) => offsetOf(state, part.number) + part.sizeBytes <= file.size) : undefined;
}

export function writePart(uploads: Uploads, state: UploadState, number: number, sizeBytes: number | null): PartWriter {
  const { writers } = uploads;
  const ofUpload = writers.get(state.id) ?? new Map<number, ActiveWriter>();
  writers.set(state.id, ofUpload);
  const earlier = ofUpload.get(number);
  earlier?.writer.abort();
  const writer = new DiskPartWriter(partTarget(uploads, state, { number, sizeBytes }, earlier));
  // A writer without bytes closes immediately, while an earlier writer of the part may still use
  // the file. So `closed` waits for both writers.
  const active: ActiveWriter = { writer, closed: writer.closed.then(async () => earlier?.closed) };
  ofUpload.set(number, active);
  void active.closed.then(() => {
    if (ofUpload.get(number) === active) ofUpload.delete(number);
    if (ofUpload.size === 0) writers.delete(state.id);
  });
  return writer;
}

function partTarget(
  uploads: Uploads,
  state: UploadState,
  { number, sizeBytes }: { readonly number: number; readonly sizeBytes: number | null },
  earlier: ActiveWriter | undefined,
): PartTarget {
  const { files, readBacks, space } = uploads;
  const { id } = state;
  const start = offsetOf(state, number);
  let file: FileHandle | undefined;
  return {
    number,
    offset: start,
    sizeBytes,
    limitBytes: sizeBytes ?? state.partSizeBytes,
    open: async () => {
      file = await acquireFile(files, id);
      // A running write of the earlier writer must not overwrite the bytes of this writer.
      await earlier?.closed;
      forgetPart(readBacks, id, number);
      await requireFree(space, sizeBytes ?? 0);
      return file;
    },
    wrote: (bytes) => useSpace(space, id, bytes),
    close: async (writtenBytes) => {
      if (writtenBytes === null) return releaseFile(files, id, 'abandoned');
      const release = async () => releaseFile(files, id, 'written');
      if (!file || uploads.readBackBy === 'whole file' || !fitsMemory(state)) return release();
      beginReadBack(readBacks, id, { number, start, sizeBytes: writtenBytes }, file, release);
    },
    toError: (error) => {
      if (errno(error) === 'EFBIG') giveUpTooLarge(uploads, state);
      return storeError(uploads.tree.root, error);
    },
  };
}

/** The draft can never become a file, so its space is freed as soon as its writers have ended. */
function giveUpTooLarge(uploads: Uploads, { id, sizeBytes }: UploadState): void {
  noteTooLarge(uploads.limits, sizeBytes);
  dropDraft(uploads, id).catch(() => {}); // a sweep drops a draft that stays
}

/**
 * Whether a file fits into the system's memory. A larger file is read back when it is published.
 * That check is stronger, because it reads from the disk and not from the system's memory.
 */
function fitsMemory({ sizeBytes }: UploadState): boolean {
  return sizeBytes === null || sizeBytes < freemem() / 2;
}

/** Returns the offset of a part in its file. */
function offsetOf(state: UploadState, number: number): number {
  return (number - 1) * state.partSizeBytes;
}

/** Abandons the writers of an upload. Resolves when nothing uses its file any more. */
export async function endWriters({ writers, readBacks }: Uploads, id: string): Promise<void> {
  const ofUpload = [...(writers.get(id)?.values() ?? [])];
  for (const { writer } of ofUpload) writer.abort();
  await Promise.all(ofUpload.map(async ({ closed }) => closed));
  await awaitReadBacks(readBacks, id);
}

/**
 * Opens the draft of an upload that has no writers. Returns undefined if the draft is gone. The
 * caller closes the file.
 */
export async function reopenDraft({ tree, files }: Uploads, id: string): Promise<FileHandle | undefined> {
  return takeKept(files, id) ?? openOwnFile(draftPath(tree, id), constants.O_RDWR).catch(ignoring('ENOENT'));
}

export async function dropDraft(uploads: Uploads, id: string): Promise<void> {
  if (!isDraftId(id)) return;
  forgetUpload(uploads.readBacks, id);
  await endWriters(uploads, id);
  await takeKept(uploads.files, id)?.close();
  await unlink(draftPath(uploads.tree, id)).catch(ignoring('ENOENT'));
}

/** Deletes drafts that are not in `keep`, have no writer, and have not changed for 30 days. */
export async function sweepDrafts({ tree, clock, writers }: Uploads, keep: ReadonlySet<string>): Promise<void> {
  for (const name of (await readdir(tree.own(draftDirectory)).catch(ignoring('ENOENT'))) ?? []) {
    const id = name.slice(0, -draftSuffix.length);
    if (!name.endsWith(draftSuffix) || keep.has(id) || writers.has(id)) continue;
    const path = tree.own(draftDirectory, name);
    const file = await lstat(path).catch(ignoring('ENOENT'));
    // ctime is the time of the last change to the file or its names. Unlike mtime, no program can
    // set it. If it is far in the future, a clock was wrong, and the draft would stay forever.
    if (file && Math.abs(clock.now() - file.ctimeMs) > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

export async function closeUploads(uploads: Uploads): Promise<void> {
  await Promise.all([...uploads.writers.keys()].map(async (id) => endWriters(uploads, id)));
  await closeReadBacks(uploads.readBacks);
  await closeKept(uploads.files);
}
