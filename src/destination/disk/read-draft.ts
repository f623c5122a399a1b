import type { TakeBytes, UploadState } from '../destination.ts';
import { maxReadBytes, readRange } from './content.ts';
import { isDraftId, uploadLost } from './drafts.ts';
import { keepFile } from './open-files.ts';
import { awaitReadBacks } from './read-backs.ts';
import { reopenDraft, type Uploads } from './uploads.ts';

/** Reads a draft that has no writers. Errors: UPLOAD_LOST. */
export async function readDraft(
  uploads: Uploads,
  { id }: UploadState,
  sizeBytes: number,
  how: { readonly take: TakeBytes; readonly signal: AbortSignal },
): Promise<void> {
  await awaitReadBacks(uploads.readBacks, id);
  const handle = isDraftId(id) ? await reopenDraft(uploads, id) : undefined;
  if (!handle) throw uploadLost(id);
  try {
    const read = await readRange(handle, Buffer.from(new SharedArrayBuffer(maxReadBytes)), { start: 0, sizeBytes }, how);
    if (read.sizeBytes !== sizeBytes) throw uploadLost(id);
  } finally {
    await keepFile(uploads.files, id, handle);
  }
}
