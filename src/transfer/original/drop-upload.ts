import type { UploadState } from '../../destination/destination.ts';
import type { Copy, Transfer } from '../context.ts';

/** Drops the unfinished upload of an original, if there is one. */
export async function dropUpload({ transfer, claim }: Copy): Promise<void> {
  const upload = await transfer.tracker.upload(claim.id);
  if (!upload) return;
  await transfer.tracker.saveUpload(claim, null);
  await abandon(transfer, upload.state);
}

/**
 * Drops an upload that the tracker no longer names. Callers change the tracker first: if the worker
 * has lost its claim, the tracker refuses the change, and the upload stays. An upload that cannot
 * be dropped is swept after 30 days.
 */
export async function abandon({ destination }: Transfer, state: UploadState): Promise<void> {
  await destination.abort(state).catch(() => {});
}
