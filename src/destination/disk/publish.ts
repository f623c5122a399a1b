import { open, stat } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { isoTime } from '../../lib/clock.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { isSameOriginal } from '../description.ts';
import type { ContentFacts, FileDescription, StoredFile } from '../destination.ts';
import { contentOf, type Content } from './content.ts';
import { isDraftId, uploadLost } from './drafts.ts';
import { makeDurable, removeDraft, type Drafts, type Received } from './durable.ts';
import { exists, ignoring } from './files.ts';
import type { Journal } from './bookkeeping/journal.ts';
import type { Manifest } from './bookkeeping/manifest.ts';
import { nameIfFree, type Naming } from './bookkeeping/names.ts';
import { sha256sumLine } from './bookkeeping/sha256sums.ts';
import { errno } from './store-error.ts';
import { dropDraft } from './uploads.ts';

export interface Publisher extends Naming, Drafts {
  readonly manifest: Manifest;
  readonly sums: Journal;
}

/** Publishes and describes a file. It drops an upload whose bytes read back differently. */
export async function publish(publisher: Publisher, received: Received): Promise<StoredFile> {
  const { file, state, whole } = received;
  try {
    await publisher.assertLease({ required: false });
    assertCovers(received);
    await publishSteps(publisher, received);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'CHECKSUM_MISMATCH') await dropUpload(publisher, state.id);
    throw error;
  }
  await dropUpload(publisher, state.id);
  return { key: file.original.key, sizeBytes: whole.sizeBytes, crc32: whole.crc32 };
}

/** Drops an upload, on the disk or in memory. */
export async function dropUpload({ smallFiles, uploads }: Drafts, id: string): Promise<void> {
  smallFiles.drop(id);
  await dropDraft(uploads, id);
}

/**
 * The order makes a crash after any step safe. Until the name appears, nothing counts. Afterwards a
 * repeated call finds the same bytes and does the remaining steps.
 */
async function publishSteps(publisher: Publisher, received: Received): Promise<void> {
  const { tree } = publisher;
  const { file, state, whole } = received;
  const { key } = file.original;
  const isLarge = isDraftId(state.id);
  const draft = await makeDurable(publisher, received);
  try {
    const path = await tree.prepare(key);
    const published = draft !== undefined && (await publishIfAbsent(publisher, draft.path, path, key));
    const content = published ? draft.content : await contentAtKey(publisher, path, received);
    await tree.syncNamesBeside(path);
    // A small file was just read back by its only writer, so nothing has changed it since.
    if (isLarge) await assertSize(path, whole.sizeBytes);
    if (published || !(await isDescribed(publisher, file, whole))) await describe(publisher, file, content);
  } finally {
    // The next attempt continues with the draft of a large file.
    if (draft && !isLarge) await removeDraft(draft);
  }
}

/** Checks that the parts are contiguous and add up to the whole file. */
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

/** false: the key is taken. */
async function publishIfAbsent(publisher: Publisher, partial: string, path: string, key: string): Promise<boolean> {
  return nameIfFree(publisher, partial, path).catch(async (error: unknown) => {
    if (errno(error) !== 'ENOENT') throw error;
    // Another program removed the empty directory after it was prepared.
    publisher.tree.forget();
    await publisher.tree.prepare(key);
    return nameIfFree(publisher, partial, path);
  });
}

/**
 * Reads the file at the key. Errors: KEY_TAKEN (it has other bytes), UPLOAD_LOST (there is no
 * file).
 */
async function contentAtKey(publisher: Publisher, path: string, { state, whole }: Received): Promise<Content> {
  const existing = await stat(path).catch(ignoring('ENOENT'));
  if (!existing && !(await exists(path))) throw uploadLost(state.id);
  if (existing?.isFile() && existing.size === whole.sizeBytes) {
    await using handle = await open(path, 'r');
    const content = await contentOf(handle, existing.size, publisher.hash);
    if (content.sizeBytes === whole.sizeBytes && content.crc32 === whole.crc32) {
      await handle.sync().catch(ignoring('EPERM', 'EACCES'));
      return content;
    }
  }
  throw new SyncError('KEY_TAKEN', `${path} is another file, and was not replaced`, {
    hint: 'Move it away, and the next run archives this one under its key.',
  });
}

async function assertSize(path: string, sizeBytes: number): Promise<void> {
  const published = await stat(path);
  if (published.isFile() && published.size === sizeBytes) return;
  throw new SyncError('STORE_FAILED', `${path} has ${published.size} bytes after publishing, not ${sizeBytes}`);
}

async function isDescribed(publisher: Publisher, file: FileDescription, whole: ContentFacts): Promise<boolean> {
  const entry = await publisher.manifest.find(file.original.key);
  if (!entry?.description || !isSameOriginal(entry.description.original, file.original)) return false;
  return entry.sizeBytes === whole.sizeBytes && entry.crc32 === whole.crc32;
}

/** The manifest comes last, so that every file that it names also has its line in SHA256SUMS. */
async function describe(publisher: Publisher, file: FileDescription, content: Content): Promise<void> {
  if (content.sha256 !== null) await publisher.sums.append(sha256sumLine(content.sha256, file.original.key));
  await publisher.manifest.append({ file, ...content, archivedAt: isoTime(publisher.clock.now()) });
}
