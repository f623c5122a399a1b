import type { Destination, StoredFile } from '../destination/destination.ts';

/** The file at a key with its CRC32: the one that the store keeps, or where it keeps none (or `deep`) that of the bytes read back. */
export async function checkedStat(
  destination: Destination,
  key: string,
  options: { readonly deep?: boolean; readonly signal?: AbortSignal } = {},
): Promise<StoredFile | undefined> {
  const stored = await destination.stat(key, options);
  return stored && stored.crc32 === null && !options.deep ? destination.stat(key, { ...options, deep: true }) : stored;
}
