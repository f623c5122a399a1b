/** Changes of one medium in a simulated library. */
import type { SimFile, SimMedium } from './medium.ts';

/**
 * Selects one file of a medium: the file with the key, or the first file that has all given
 * properties.
 */
export interface FileSelector {
  readonly key?: string;
  readonly label?: string;
  /** Default: any item number. */
  readonly itemNumber?: number | null;
  readonly list?: SimFile['list'];
  readonly cameraPosition?: string;
}

/** Returns the first file that the selector fits. Throws RangeError if there is none. */
export function findFile(medium: SimMedium, selector: FileSelector): SimFile {
  const found = medium.files.find((file) => isSelected(file, selector));
  if (found === undefined) throw new RangeError(`The medium ${medium.id} has no file ${JSON.stringify(selector)}.`);
  return found;
}

/** Whether a file has all properties that the selector names. */
export function isSelected(file: SimFile, selector: FileSelector): boolean {
  return (
    (selector.key === undefined || file.key === selector.key) &&
    (selector.label === undefined || file.label === selector.label) &&
    (selector.itemNumber === undefined || file.itemNumber === selector.itemNumber) &&
    (selector.list === undefined || file.list === selector.list) &&
    (selector.cameraPosition === undefined || file.cameraPosition === selector.cameraPosition)
  );
}

/**
 * Returns the medium as it is when its processing has ended. A medium without an original still
 * waits for an original.
 */
export function withReadiness(medium: SimMedium): SimMedium {
  const files = medium.files.map((file) => ({ ...file, available: true }));
  const record = { ...medium.record, ready_to_view: 'ready', file_size: medium.record.file_size ?? chaptersSize(files) };
  return { ...medium, record, files, waitsFor: medium.waitsFor === 'original' ? 'original' : null };
}

/**
 * Returns the medium with new bytes for one entry and for all entries that share its bytes. The new
 * modification time of these entries is one hour after the old time of the selected entry.
 */
export function withNewContent(medium: SimMedium, selector: FileSelector, sizeBytes: number | undefined): SimMedium {
  const old = findFile(medium, selector);
  const modifiedAt = new Date(Date.parse(old.modifiedAt) + 3_600_000).toISOString();
  const fresh = { seed: `${old.seed}'`, sizeBytes: sizeBytes ?? old.sizeBytes, modifiedAt };
  return { ...medium, files: medium.files.map((file) => (file.seed === old.seed ? { ...file, ...fresh } : file)) };
}

/** Computes the `file_size` of the listing: the sum of all source and raw files. */
export function chaptersSize(files: readonly SimFile[]): number {
  return files
    .filter((file) => file.original === 'source' || file.original === 'raw')
    .reduce((sum, file) => sum + file.sizeBytes, 0);
}
