/**
 * Makes an archive without a transfer. It has a manifest and sparse files with the right names and
 * sizes.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createManifest, type ManifestEntry } from '../../src/destination/disk/bookkeeping/manifest.ts';
import { openDisk } from '../../src/destination/disk/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { alwaysRoles, mediumVersion, type Medium, type Original } from '../../src/media.ts';
import type { NamedOriginal } from '../../src/plan/naming.ts';

const linesAtOnce = 5_000;

/** Fills `directory`, whose parent exists, with the archive `id`. Returns the number of files. */
export async function makeDescribedArchive(
  directory: string,
  id: string,
  entries: AsyncIterable<ManifestEntry> | Iterable<ManifestEntry>,
): Promise<number> {
  const disk = openDisk(directory, { clock: systemClock });
  await disk.initialise(id);
  await disk.close();
  const manifest = createManifest(join(directory, '.cloud-sync', 'manifest.jsonl'));
  const folders = new Set<string>();
  let files = 0;
  let lines: Promise<void>[] = [];
  for await (const entry of entries) {
    writeEmpty(join(directory, entry.file.original.key), entry.sizeBytes, folders);
    lines.push(manifest.append(entry));
    files += 1;
    if (lines.length < linesAtOnce) continue;
    await Promise.all(lines);
    lines = [];
  }
  await Promise.all(lines);
  await manifest.close();
  return files;
}

/** The manifest entry that the program would write for one original of a medium. */
export function entryOf(
  medium: Medium,
  { original: named, key }: { readonly original: NamedOriginal; readonly key: string },
  {
    originalsOfMedium,
    sizeBytes,
    crc32,
  }: { readonly originalsOfMedium: number; readonly sizeBytes: number; readonly crc32: number },
): ManifestEntry {
  const { role, label, type, position, itemNumber, ordinal } = named;
  const { provider, account, id: mediaId } = medium;
  const identity = { provider, account, mediaId, role, label, type, position, itemNumber, ordinal };
  const original: Original = { ...identity, revision: 1, key };
  return {
    file: {
      original,
      originalName: medium.filename,
      capturedAt: medium.capturedAt,
      originalsOfMedium,
      roles: alwaysRoles,
      validator: { etag: null, lastModified: null },
      mediumVersion: mediumVersion(medium),
    },
    sizeBytes,
    crc32,
    sha256: null,
    archivedAt: '2026-07-01T00:00:00.000Z',
  };
}

/** Writes a sparse file: it has a size, but its content takes no space on the disk. */
function writeEmpty(path: string, sizeBytes: number, folders: Set<string>): void {
  const folder = dirname(path);
  if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
  folders.add(folder);
  const file = openSync(path, 'wx');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}
