/**
 * An archive of a whole library, made without a transfer: files of the right names and sizes, and what the archive says of them, written by the
 * program's own code. To fetch a hundred thousand files first would take longer than everything that is measured.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createManifest, type ManifestEntry } from '../src/destination/disk/manifest.ts';
import { openDisk } from '../src/destination/disk.ts';
import { systemClock } from '../src/lib/clock.ts';
import { alwaysRoles, mediumVersion, type Medium, type Original } from '../src/media.ts';
import { keysFor } from '../src/plan/naming.ts';
import type { Resolution } from '../src/source/source.ts';
import { createGoproSource } from '../src/source/gopro/index.ts';
import { createHttpClient } from '../src/lib/http.ts';
import type { Source } from './servers.ts';

const linesAtOnce = 5_000;

/** Fills `directory`, whose parent exists, with the archive of all that the source has. */
export async function makeKnownArchive(directory: string, source: Source, userId: string): Promise<void> {
  const disk = openDisk(directory, { clock: systemClock });
  await disk.initialise('bench-archive');
  await disk.close();
  const manifest = createManifest(join(directory, '.cloud-sync', 'manifest.jsonl'));
  const folders = new Set<string>();
  let lines: Promise<void>[] = [];
  for await (const entry of describedFiles(source, userId)) {
    writeEmpty(join(directory, entry.file.original.key), entry.sizeBytes, folders);
    lines.push(manifest.append(entry));
    if (lines.length < linesAtOnce) continue;
    await Promise.all(lines);
    lines = [];
  }
  await Promise.all(lines);
  await manifest.close();
}

/** What the program would have written about the file of each medium. All media of the source are alike, so one is asked for its files. */
async function* describedFiles({ url, files }: Source, userId: string): AsyncGenerator<ManifestEntry> {
  const http = createHttpClient({ connections: 1 });
  const cloud = createGoproSource({
    apiUrl: url,
    credentials: { accessToken: 'bench-access-token', userId },
    requestsPerSecond: 1000,
    stallMs: 30_000,
    http,
    clock: systemClock,
  });
  try {
    let example: Resolution | undefined;
    for await (const { media } of cloud.list(1)) {
      for (const medium of media) {
        example ??= await cloud.resolve(medium.id, alwaysRoles);
        yield describedFile(medium, example, files.sizeBytes);
      }
    }
  } finally {
    await http.close();
  }
}

function describedFile(medium: Medium, example: Resolution, sizeBytes: number): ManifestEntry {
  const originals = example.originals.map((original) => ({ ...original, mediaId: medium.id }));
  const [named] = keysFor({ medium, originals, taken: () => false });
  if (!named) throw new Error(`medium ${medium.id} has no original`);
  const { role, label, type, position, itemNumber, ordinal } = named.original;
  const { provider, account, id: mediaId } = medium;
  const identity = { provider, account, mediaId, role, label, type, position, itemNumber, ordinal };
  const original: Original = { ...identity, revision: 1, key: named.key };
  return {
    file: {
      original,
      originalName: medium.filename,
      capturedAt: medium.capturedAt,
      originalsOfMedium: originals.length,
      roles: alwaysRoles,
      validator: { etag: null, lastModified: null },
      mediumVersion: mediumVersion(medium),
    },
    sizeBytes,
    // Nobody reads these files.
    crc32: 0,
    sha256: null,
    archivedAt: '2026-07-01T00:00:00.000Z',
  };
}

/** Takes no space but its name. */
function writeEmpty(path: string, sizeBytes: number, folders: Set<string>): void {
  const folder = dirname(path);
  if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
  folders.add(folder);
  const file = openSync(path, 'wx');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}
