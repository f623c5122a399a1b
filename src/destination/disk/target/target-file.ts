import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SyncError } from '../../../errors.ts';
import type { ContentFacts, TakeBytes } from '../../destination.ts';
import type { TargetFile } from '../../target.ts';
import { nameIfFree } from '../bookkeeping/names.ts';
import { readBuffer, readRange } from '../content.ts';
import { draftSuffix } from '../drafts.ts';
import { ignoring, writeFully } from '../files.ts';
import { noteTooLarge, requireFileSize } from '../limits.ts';
import { openOwnFile } from '../own-files.ts';
import { releaseSpace, reserveSpace, useSpace } from '../space.ts';
import { errno } from '../store-error.ts';
import { draftDirectory } from '../tree.ts';
import { forFile, type OpenTarget } from './open-target.ts';

/** An unfinished file on its way to its name. */
interface Draft {
  readonly target: OpenTarget;
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly wanted: ContentFacts;
  readonly handle: FileHandle;
  storedBytes: number;
}

/** Opens the unfinished file of a name and a content. */
export async function beginFile(target: OpenTarget, name: string, wanted: ContentFacts): Promise<TargetFile> {
  const { tree, space, limits } = target;
  await requireFileSize(limits, tree.root, wanted.sizeBytes);
  const id = idOf(name, wanted);
  const path = tree.own(draftDirectory, id + draftSuffix);
  const handle = await openDraft(path);
  const draft: Draft = { target, id, path, name, wanted, handle, storedBytes: 0 };
  try {
    draft.storedBytes = await keptBytes(handle, wanted);
    await reserveSpace(space, id, wanted.sizeBytes - draft.storedBytes);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    storedBytes: () => draft.storedBytes,
    measure: async (signal, take) => forFile(target, async () => measure(draft, signal, take)),
    write: async (bytes) => forFile(target, async () => write(draft, bytes)),
    restart: async () => forFile(target, async () => restart(draft)),
    publish: async (capturedAt, signal) => forFile(target, async () => publish(draft, capturedAt, signal)),
    drop: async () => forFile(target, async () => unlink(path).catch(ignoring('ENOENT'))),
    [Symbol.asyncDispose]: async () => {
      releaseSpace(space, id);
      await handle.close();
    },
  };
}

/** The same name and content always have the same id, so that the next run finds the bytes. */
function idOf(name: string, { sizeBytes, crc32 }: ContentFacts): string {
  return createHash('sha256')
    .update(JSON.stringify([name, sizeBytes, crc32]))
    .digest('hex')
    .slice(0, 32);
}

/** A draft with a second name is a restored file already, so that a new draft replaces it. */
async function openDraft(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  const handle = await openOwnFile(path, flags);
  if ((await handle.stat()).nlink <= 1) return handle;
  await handle.close();
  await unlink(path);
  return openOwnFile(path, flags);
}

async function keptBytes(handle: FileHandle, wanted: ContentFacts): Promise<number> {
  const { size } = await handle.stat();
  if (size <= wanted.sizeBytes) return size;
  await handle.truncate(0);
  return 0;
}

async function measure(draft: Draft, signal: AbortSignal, take?: TakeBytes): Promise<ContentFacts> {
  const { handle, storedBytes: sizeBytes } = draft;
  return readRange(handle, readBuffer(sizeBytes), { start: 0, sizeBytes }, { signal, take });
}

async function write(draft: Draft, bytes: Uint8Array): Promise<void> {
  const { target, id, handle, wanted, storedBytes } = draft;
  if (storedBytes + bytes.length > wanted.sizeBytes) {
    throw new SyncError('CHECKSUM_MISMATCH', `the file in the archive has more than ${wanted.sizeBytes} bytes`);
  }
  await writeFully(handle, [bytes], storedBytes).catch((error: unknown) => {
    if (errno(error) === 'EFBIG') noteTooLarge(target.limits, wanted.sizeBytes);
    throw error;
  });
  useSpace(target.space, id, bytes.length);
  draft.storedBytes += bytes.length;
}

async function restart(draft: Draft): Promise<void> {
  const { target, id, handle, wanted } = draft;
  // Another run that took over may have published this very file.
  await target.naming.assertLease();
  await handle.truncate(0);
  draft.storedBytes = 0;
  await reserveSpace(target.space, id, wanted.sizeBytes);
}

async function publish(draft: Draft, capturedAt: string | null, signal: AbortSignal): Promise<boolean> {
  const { target, path, name, handle, wanted } = draft;
  await setTime(target, handle, capturedAt);
  await handle.sync();
  const range = { start: 0, sizeBytes: wanted.sizeBytes };
  const stored = await readRange(handle, readBuffer(wanted.sizeBytes), range, { signal });
  if (stored.sizeBytes !== wanted.sizeBytes || stored.crc32 !== wanted.crc32) {
    throw new SyncError('CHECKSUM_MISMATCH', `${path} reads back differently from what was written`, {
      hint: 'If it happens again, check the health of the disk.',
    });
  }
  const finalPath = await target.tree.prepare(name);
  if (!(await nameIfFree(target.naming, path, finalPath))) return false;
  target.directories.add(dirname(finalPath));
  await unlink(path).catch(ignoring('ENOENT'));
  return true;
}

/** Some file systems refuse times. Nothing else depends on this time. */
async function setTime({ clock }: OpenTarget, handle: FileHandle, capturedAt: string | null): Promise<void> {
  const capturedMs = Date.parse(capturedAt ?? '');
  if (!Number.isNaN(capturedMs)) await handle.utimes(clock.now() / 1000, capturedMs / 1000).catch(() => {});
}
