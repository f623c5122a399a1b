import { unlink, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ContentFacts, FileDescription, Part, UploadState } from '../destination.ts';
import { createDigest, readBuffer, readRange, type Content, type HashName } from './content.ts';
import { createDraft, draftPath, isDraftId, uploadLost } from './drafts.ts';
import { exists, ignoring, shorten, writeFully } from './files.ts';
import { readBackParts } from './read-backs.ts';
import type { SmallFiles } from './small-files.ts';
import { useSpace } from './space.ts';
import type { Tree } from './tree.ts';
import { dropDraft, endWriters, reopenDraft, type Uploads } from './uploads.ts';

/** The places that hold received bytes: memory for small files, drafts for all others. */
export interface Drafts {
  readonly tree: Tree;
  readonly clock: Clock;
  readonly uploads: Uploads;
  readonly smallFiles: SmallFiles;
  readonly hash: HashName;
}

/**
 * Everything that was received of a file: its parts in order, and the size and checksum of the
 * whole.
 */
export interface Received {
  readonly file: FileDescription;
  readonly state: UploadState;
  readonly parts: readonly Part[];
  readonly whole: ContentFacts;
  /** Whether the file at the key may be moved away as damaged if its bytes differ. */
  readonly replaces: boolean;
}

/** An unfinished file whose bytes are all on the disk and were read back from the disk. */
export interface DurableDraft {
  readonly path: string;
  readonly content: Content;
}

/**
 * Makes a file durable. Returns undefined if its draft is gone, perhaps because it was published.
 */
export async function makeDurable(drafts: Drafts, received: Received): Promise<DurableDraft | undefined> {
  const { id } = received.state;
  if (isDraftId(id)) return finishDraft(drafts, received);
  const content = drafts.smallFiles.content(id);
  return content && writeDraft(drafts, received, content);
}

/** Writes a small file to a draft and makes it durable. The caller removes the draft. */
async function writeDraft(drafts: Drafts, received: Received, content: Buffer): Promise<DurableDraft> {
  assertLength(content.length, received.whole);
  const draft = await createDraft(drafts.tree);
  try {
    await using handle = draft.handle;
    await writeFully(handle, [content], 0);
    useSpace(drafts.uploads.space, received.state.id, content.length);
    await setCaptureTime(drafts, handle, received.file);
    await handle.sync();
    // The memory is cleared, so that only bytes from the disk can have the right checksum.
    content.fill(0);
    return { path: draft.path, content: await readBack(drafts, handle, received, { buffer: content }) };
  } catch (error) {
    // The read-back may have overwritten the bytes in memory, so the small file is dropped.
    drafts.smallFiles.drop(received.state.id);
    await removeDraft(draft);
    throw error;
  }
}

export async function removeDraft(draft: { readonly path: string }): Promise<void> {
  await unlink(draft.path).catch(ignoring('ENOENT'));
}

/** Makes a file durable that was written part by part, perhaps by an earlier process. */
async function finishDraft(drafts: Drafts, received: Received): Promise<DurableDraft | undefined> {
  const { uploads } = drafts;
  const { state, whole } = received;
  await endWriters(uploads, state.id);
  const opened = await reopenDraft(uploads, state.id);
  if (!opened) return undefined;
  await using handle = opened;
  const { size, nlink } = await handle.stat();
  // Some file systems do not count links, so only a missing name proves that the draft is gone.
  if (nlink === 0 && !(await exists(draftPath(drafts.tree, state.id)))) return undefined;
  // An abandoned part may have left bytes after the end of the file. These bytes are cut off here.
  // A draft with two names is already in the archive, so it must never be cut.
  if (size > whole.sizeBytes && nlink > 1) throw uploadLost(state.id);
  if (size > whole.sizeBytes && !(await shorten(handle, whole.sizeBytes))) {
    await dropDraft(uploads, state.id);
    throw uploadLost(state.id);
  }
  assertLength(Math.min(size, whole.sizeBytes), whole);
  await setCaptureTime(drafts, handle, received.file);
  const known = await syncDraft(drafts, handle, state.id);
  const content = await readBack(drafts, handle, received, { buffer: readBuffer(whole.sizeBytes), known });
  return { path: draftPath(drafts.tree, state.id), content };
}

/**
 * Makes a draft durable, and returns the parts that were read back. A failed sync drops the draft,
 * because the system would report success for the next sync although bytes may be lost.
 */
async function syncDraft({ uploads }: Drafts, handle: FileHandle, id: string): Promise<ReadonlyMap<number, ContentFacts>> {
  try {
    await handle.sync();
    return await readBackParts(uploads.readBacks, id);
  } catch (error) {
    await dropDraft(uploads, id);
    throw error;
  }
}

function assertLength(sizeBytes: number, whole: ContentFacts): void {
  if (sizeBytes === whole.sizeBytes) return;
  throw new SyncError('CHECKSUM_MISMATCH', `only ${sizeBytes} bytes of ${whole.sizeBytes} were stored`);
}

/**
 * Sets the modification time to the capture time, for people who browse the archive. A refusal of
 * the file system is ignored, because nothing else depends on this time.
 */
async function setCaptureTime({ clock }: Drafts, handle: FileHandle, file: FileDescription): Promise<void> {
  const capturedMs = Date.parse(file.capturedAt ?? '');
  if (Number.isNaN(capturedMs)) return;
  await handle.utimes(clock.now() / 1000, capturedMs / 1000).catch(() => {});
}

/**
 * Compares the received parts with the bytes on the disk. The parts in `known` were already read
 * back.
 */
async function readBack(
  { hash }: Drafts,
  handle: FileHandle,
  { parts, whole }: Received,
  { buffer, known }: { readonly buffer: Buffer; readonly known?: ReadonlyMap<number, ContentFacts> },
): Promise<Content> {
  const digest = createDigest(hash);
  let start = 0;
  for (const part of parts) {
    const range = { start, sizeBytes: part.sizeBytes };
    const stored = known?.get(part.number) ?? (await readRange(handle, buffer, range, { onBytes: digest?.update }));
    if (stored.sizeBytes !== part.sizeBytes || stored.crc32 !== part.crc32) {
      const where = `part ${part.number} (${part.sizeBytes} bytes from ${start})`;
      throw new SyncError('CHECKSUM_MISMATCH', `${where} reads back differently from what was received`, {
        hint: 'If it happens again, check the health of the disk.',
      });
    }
    start += part.sizeBytes;
  }
  return { ...whole, sha256: digest?.hex() ?? null };
}
