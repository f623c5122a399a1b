import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { isoTime } from '../../lib/clock.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { isSameOriginal } from '../description.ts';
import type { ContentFacts, FileDescription, StoredFile } from '../destination.ts';
import { contentOf, type Content } from './content.ts';
import { isDraftId, uploadLost } from './drafts.ts';
import { makeDurable, removeDraft, type Drafts, type Received } from './durable.ts';
import { exists, ignoring, syncUnsupported } from './files.ts';
import type { Journal } from './bookkeeping/journal.ts';
import type { Manifest } from './bookkeeping/manifest.ts';
import { nameIfFree, type Naming } from './bookkeeping/names.ts';
import { moveToQuarantine } from './bookkeeping/quarantine.ts';
import { sha256sumLine } from './bookkeeping/sha256sums.ts';
import { releaseSpace } from './space.ts';
import { absentOrDenied, errno } from './store-error.ts';
import { dropDraft } from './uploads.ts';

export interface Publisher extends Naming, Drafts {
  readonly manifest: Manifest;
  readonly sums: Journal;
}

export interface Published extends StoredFile {
  /** Where the damaged file at the key was moved, relative to the archive. */
  readonly movedTo?: string;
}

/** Publishes and describes a file. Drops the upload if the bytes that are read back differ. */
export async function publish(publisher: Publisher, received: Received): Promise<Published> {
  const { file, state, whole } = received;
  let movedTo: string | undefined;
  try {
    assertCovers(received);
    movedTo = await publishSteps(publisher, received);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'CHECKSUM_MISMATCH') await dropUpload(publisher, state.id);
    throw error;
  }
  // The file is stored, so a draft that cannot be removed does not fail it. A sweep removes it
  // later.
  await dropUpload(publisher, state.id).catch(() => {});
  return { key: file.original.key, sizeBytes: whole.sizeBytes, crc32: whole.crc32, ...(movedTo !== undefined && { movedTo }) };
}

/** Drops an upload that is on the disk or in memory. */
export async function dropUpload({ smallFiles, uploads }: Drafts, id: string): Promise<void> {
  smallFiles.drop(id);
  releaseSpace(uploads.space, id);
  await dropDraft(uploads, id);
}

/**
 * Publishes a file in an order that makes a crash after any step safe. A file does not count until
 * it has its name. After that, a repeated call finds the same bytes and does the remaining steps.
 * Returns where a damaged file was moved. Before that move, the draft already has all bytes of the
 * replacement.
 */
async function publishSteps(publisher: Publisher, received: Received): Promise<string | undefined> {
  const { tree } = publisher;
  const { file, state, whole } = received;
  const { key } = file.original;
  const isLarge = isDraftId(state.id);
  const draft = await makeDurable(publisher, received);
  try {
    const path = await tree.prepare(key);
    const movedTo = draft && (await clearKey(publisher, path, received));
    const published = draft !== undefined && (await publishIfAbsent(publisher, draft.path, path, key));
    const content = published ? draft.content : await contentAtKey(publisher, path, received);
    await tree.syncNamesBeside(path);
    // A small file needs no check: its only writer has just read it back, so nothing has changed
    // it.
    if (isLarge) await assertSize(path, whole.sizeBytes);
    if (published || !(await isDescribed(publisher, file, whole))) await describe(publisher, file, content);
    return movedTo;
  } finally {
    // The draft of a large file stays, so that the next attempt can continue with it.
    if (draft && !isLarge) await removeDraft(draft);
  }
}

/** If the upload replaces a damaged file, moves that away unless it has the wanted bytes. */
async function clearKey(publisher: Publisher, path: string, received: Received): Promise<string | undefined> {
  const { tree, clock } = publisher;
  if (!received.replaces || !(await exists(path)) || (await contentIfSame(publisher, path, received))) return undefined;
  return moveToQuarantine(tree, publisher, received.file.original.key, clock);
}

/** Checks that the parts follow each other without a gap and add up to the whole file. */
function assertCovers({ state, parts, whole }: Received): void {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const endToEnd = parts.every(
    (part, index) => part.number === index + 1 && (part.sizeBytes === state.partSizeBytes || index === parts.length - 1),
  );
  if (endToEnd && sizeBytes === whole.sizeBytes && crc32OfParts(parts) === whole.crc32) return;
  throw new SyncError(
    'CHECKSUM_MISMATCH',
    `the ${parts.length} parts received do not add up to the file of ${whole.sizeBytes} bytes`,
  );
}

/** Names the finished file. Returns false if the key is taken. */
async function publishIfAbsent(publisher: Publisher, partial: string, path: string, key: string): Promise<boolean> {
  return nameIfFree(publisher, partial, path).catch(async (error: unknown) => {
    if (errno(error) !== 'ENOENT') throw error;
    // Another program removed the empty directory after we had created it.
    publisher.tree.forget();
    await publisher.tree.prepare(key);
    return nameIfFree(publisher, partial, path);
  });
}

/**
 * Reads the file at the key. Errors: KEY_TAKEN if the file has other bytes, UPLOAD_LOST if there is
 * no file, or if the file is damaged and its replacement is lost.
 */
async function contentAtKey(publisher: Publisher, path: string, received: Received): Promise<Content> {
  if (!(await exists(path))) throw uploadLost(received.state.id);
  const content = await contentIfSame(publisher, path, received);
  if (content) return content;
  if (received.replaces) throw uploadLost(received.state.id);
  throw new SyncError('KEY_TAKEN', `${path} is another file, and was not replaced`, {
    hint: 'Move that file away. The next run then archives the new file under this key.',
  });
}

/** Returns the content of a file if it has exactly the received bytes. */
async function contentIfSame(publisher: Publisher, path: string, { whole }: Received): Promise<Content | undefined> {
  const existing = await lstat(path).catch(absentOrDenied(path));
  if (!existing?.isFile() || existing.size !== whole.sizeBytes) return undefined;
  const opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absentOrDenied(path, 'ELOOP'));
  if (!opened) return undefined;
  await using handle = opened;
  const content = await contentOf(handle, existing.size, publisher.hash).catch(ignoring('EIO'));
  if (content?.sizeBytes !== whole.sizeBytes || content.crc32 !== whole.crc32) return undefined;
  await handle.sync().catch(ignoring(...syncUnsupported));
  return content;
}

async function assertSize(path: string, sizeBytes: number): Promise<void> {
  const published = await lstat(path);
  if (published.isFile() && published.size === sizeBytes) return;
  throw new SyncError('STORE_FAILED', `${path} has ${published.size} bytes after publishing, not ${sizeBytes}`);
}

async function isDescribed(publisher: Publisher, file: FileDescription, whole: ContentFacts): Promise<boolean> {
  const entry = await publisher.manifest.find(file.original.key);
  if (!entry?.description || !isSameOriginal(entry.description.original, file.original)) return false;
  return entry.sizeBytes === whole.sizeBytes && entry.crc32 === whole.crc32;
}

/**
 * Describes a published file. The line in the manifest is written last, so that every file in the
 * manifest also has its line in SHA256SUMS.
 */
async function describe(publisher: Publisher, file: FileDescription, content: Content): Promise<void> {
  if (content.sha256 !== null) await publisher.sums.append(sha256sumLine(content.sha256, file.original.key));
  await publisher.manifest.append({ file, ...content, archivedAt: isoTime(publisher.clock.now()) });
}
