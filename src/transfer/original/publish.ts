import type { StoredFile } from '../../destination/destination.ts';
import type { Evidence } from '../../media.ts';
import type { Arrived, Copy } from '../context.ts';
import { archivedEvent } from '../describe.ts';

/**
 * Records the intent, publishes the file if its key is free, and completes the original. The repair
 * of a damaged file replaces that file.
 */
export async function publish(copy: Copy, { upload, parts, whole, evidence }: Arrived): Promise<void> {
  const { tracker, destination, report } = copy.transfer;
  const { state } = upload;
  const content = { ...whole, validator: state.validator, evidence };
  const file = { ...upload.file, evidence };
  await tracker.recordIntent(copy.claim, content);
  const { movedTo, ...stored } = await destination.commit(file, state, parts, whole, { replaces: isRepair(copy) });
  if (movedTo !== undefined) report({ type: 'file.setAside', key: stored.key, movedTo });
  await tracker.complete(copy.claim, content);
  reportArchived(copy, { ...stored, crc32: whole.crc32 }, evidence);
}

export function reportArchived({ transfer, row }: Copy, stored: StoredFile, { proof }: Evidence): void {
  const { accounting, destination, report } = transfer;
  accounting.endFile(stored.key, stored.sizeBytes);
  accounting.countProof(proof);
  report(archivedEvent(row.original, stored, { location: destination.location, proof }));
}

/**
 * Whether the copy replaces an archived file that is missing or damaged, or tests a suspect one.
 */
export function isRepair({ row }: Pick<Copy, 'row'>): boolean {
  return row.status === 'COMPLETED';
}

/** Whether the content for a repair is not the content that the archived file had. */
export function hasOtherContent(copy: Copy, now: { readonly sizeBytes: number | null; readonly crc32?: number | null }): boolean {
  const { sizeBytes, crc32 } = copy.row;
  return isRepair(copy) && (differ(sizeBytes, now.sizeBytes) || differ(crc32, now.crc32 ?? null));
}

function differ(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && a !== b;
}
