import { open, stat, unlink, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { crc32OfParts } from '../../transfer/checksum.ts';
import { isSameOriginal } from '../description.ts';
import type { FileDescription, Part, StoredFile, UploadState } from '../destination.ts';
import { contentOf, readContent, type Content, type HashName } from './content.ts';
import { exists, ignoring } from './files.ts';
import type { Journal } from './journal.ts';
import type { Manifest } from './manifest.ts';
import { sha256sumLine } from './sha256sums.ts';
import { nameIfFree, type Naming } from './names.ts';
import { errno } from './store-error.ts';
import type { Tree } from './tree.ts';
import { uploadLost, type Uploads } from './uploads.ts';

export interface Publisher extends Naming {
  readonly tree: Tree;
  readonly clock: Clock;
  readonly uploads: Uploads;
  readonly manifest: Manifest;
  readonly sums: Journal;
  readonly hash: HashName;
}

interface Whole {
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** Publishes and describes a file; what read back differently is dropped, so that nothing of it counts. */
export async function publish(
  publisher: Publisher,
  file: FileDescription,
  state: UploadState,
  parts: readonly Part[],
  whole: Whole,
): Promise<StoredFile> {
  try {
    return await publishSteps(publisher, file, state, inOrder(parts), whole);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'CHECKSUM_MISMATCH') await publisher.uploads.drop(state.id);
    throw error;
  }
}

/**
 * The steps in the order that makes each safe to be the last one before a crash: until the name appears nothing counts, and from
 * then on a repeated call finds the same bytes and does what is left.
 */
async function publishSteps(
  publisher: Publisher,
  file: FileDescription,
  state: UploadState,
  parts: readonly Part[],
  whole: Whole,
): Promise<StoredFile> {
  const { tree, uploads } = publisher;
  const { key } = file.original;
  const partial = uploads.path(state.id);
  await publisher.assertLease({ required: false });
  assertCovers(state, parts, whole);
  await uploads.settle(state.id);

  const readBack = await makeDurable(publisher, state.id, file, parts, whole);
  const path = await tree.prepare(key);
  const published = readBack !== undefined && (await publishIfAbsent(publisher, partial, path, key));
  const content = published ? readBack : await contentThere(publisher, path, state, whole);
  await tree.syncNamesBeside(path);
  await assertSize(path, whole.sizeBytes);
  if (published || !(await isDescribed(publisher, file, whole))) await describe(publisher, file, content);
  await unlink(partial).catch(ignoring('ENOENT'));
  return { key, sizeBytes: whole.sizeBytes, crc32: whole.crc32 };
}

function inOrder(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => a.number - b.number);
}

/** Before anything is touched: the parts must lie end to end and add up to the whole. */
function assertCovers(state: UploadState, parts: readonly Part[], whole: Whole): void {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const endToEnd = parts.every(
    (part, index) => part.number === index + 1 && (part.sizeBytes === state.partSizeBytes || index === parts.length - 1),
  );
  if (endToEnd && sizeBytes === whole.sizeBytes && crc32OfParts(parts) === whole.crc32) return;
  throw new SyncError(
    'CHECKSUM_MISMATCH',
    `the ${parts.length} parts received do not make up the file of ${whole.sizeBytes} bytes`,
  );
}

/** Brings the unfinished file to the disk and reads it back. Undefined when it is gone, perhaps because it was published before. */
async function makeDurable(
  publisher: Publisher,
  id: string,
  file: FileDescription,
  parts: readonly Part[],
  whole: Whole,
): Promise<Content | undefined> {
  const opened = await publisher.uploads.reopen(id);
  if (!opened) return undefined;
  await using handle = opened;
  const { size, nlink } = await handle.stat();
  if (nlink === 0) return undefined;
  // What a part that was given up has left behind the end. Of a file with two names, one is in the archive: it is not touched.
  if (size > whole.sizeBytes && nlink > 1) throw uploadLost(id);
  if (size > whole.sizeBytes) await handle.truncate(whole.sizeBytes);
  await setCaptureTime(publisher, handle, file);
  await handle.sync();
  return await readBack(publisher, handle, parts, whole);
}

/** A convenience for people who look at the archive, so a file system that refuses the time is no obstacle. */
async function setCaptureTime(publisher: Publisher, handle: FileHandle, file: FileDescription): Promise<void> {
  const capturedMs = Date.parse(file.capturedAt ?? '');
  if (Number.isNaN(capturedMs)) return;
  await handle.utimes(publisher.clock.now() / 1000, capturedMs / 1000).catch(() => {});
}

async function readBack(publisher: Publisher, handle: FileHandle, parts: readonly Part[], whole: Whole): Promise<Content> {
  const reader = readContent(handle, whole.sizeBytes, publisher.hash);
  let offset = 0;
  for (const part of parts) {
    const stored = await reader.next(part.sizeBytes);
    if (stored.sizeBytes !== part.sizeBytes || stored.crc32 !== part.crc32) {
      const where = `part ${part.number} (${part.sizeBytes} bytes from ${offset})`;
      throw new SyncError('CHECKSUM_MISMATCH', `${where} reads back differently from what was received`, {
        hint: 'If it happens again, check the health of the disk.',
      });
    }
    offset += part.sizeBytes;
  }
  return { ...whole, sha256: reader.sha256() };
}

/** False when the key is taken already, by whatever it may be. */
async function publishIfAbsent(publisher: Publisher, partial: string, path: string, key: string): Promise<boolean> {
  return nameIfFree(publisher, partial, path).catch(async (error: unknown) => {
    if (errno(error) !== 'ENOENT') throw error;
    // Somebody removed the directory, which was empty, since it was last looked at.
    publisher.tree.forget();
    await publisher.tree.prepare(key);
    return nameIfFree(publisher, partial, path);
  });
}

/** What stands at the key, if it has the same bytes. KEY_TAKEN if not; UPLOAD_LOST if there is nothing. */
async function contentThere(publisher: Publisher, path: string, state: UploadState, whole: Whole): Promise<Content> {
  const standing = await stat(path).catch(ignoring('ENOENT'));
  if (!standing && !(await exists(path))) throw uploadLost(state.id);
  if (standing?.isFile() && standing.size === whole.sizeBytes) {
    await using handle = await open(path, 'r');
    const content = await contentOf(handle, standing.size, publisher.hash);
    if (content.sizeBytes === whole.sizeBytes && content.crc32 === whole.crc32) {
      await handle.sync().catch(ignoring('EPERM', 'EACCES'));
      return content;
    }
  }
  throw new SyncError('KEY_TAKEN', `${path} is another file, which is not replaced`, {
    hint: 'Move it away to have this one archived.',
  });
}

async function assertSize(path: string, sizeBytes: number): Promise<void> {
  const published = await stat(path);
  if (published.isFile() && published.size === sizeBytes) return;
  throw new SyncError('STORE_FAILED', `${path} has ${published.size} bytes after publishing, not ${sizeBytes}`);
}

async function isDescribed(publisher: Publisher, file: FileDescription, whole: Whole): Promise<boolean> {
  const entry = await publisher.manifest.find(file.original.key);
  if (!entry?.description || !isSameOriginal(entry.description.original, file.original)) return false;
  return entry.sizeBytes === whole.sizeBytes && entry.crc32 === whole.crc32;
}

/** The manifest comes last: a file that it names has its line among the sums too. */
async function describe(publisher: Publisher, file: FileDescription, content: Content): Promise<void> {
  if (content.sha256 !== null) await publisher.sums.append(sha256sumLine(content.sha256, file.original.key));
  await publisher.manifest.append({ file, ...content, archivedAt: isoTime(publisher.clock.now()) });
}
