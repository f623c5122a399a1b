import type { Destination, ListedFile } from '../../destination/destination.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { PlannedCopy } from './plan-copy.ts';

/**
 * Tells the tracker of the second archive which files the archive should have. If the copy is
 * killed, the tracker names the files that the archive still lacks.
 */
export async function expectFiles(
  copies: readonly PlannedCopy[],
  { tracker, destination }: { readonly tracker: Tracker; readonly destination: Destination },
): Promise<void> {
  await tracker.adopt(absentFiles(copies), { forgetsAbsentFiles: destination.forgetsAbsentFiles });
}

async function* absentFiles(copies: readonly PlannedCopy[]): AsyncGenerator<ListedFile> {
  for (const { file, description, isRepair } of copies) {
    const { sizeBytes, crc32 } = file;
    if (!isRepair) yield { key: description.original.key, sizeBytes, crc32, description, presentBytes: null };
  }
}
