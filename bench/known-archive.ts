/**
 * Makes an archive of a whole library without a transfer, because fetching a hundred thousand files
 * would take longer than the whole bench. The files have the right names and sizes. The program's
 * own code writes the manifest.
 */
import type { ManifestEntry } from '../src/destination/disk/bookkeeping/manifest.ts';
import { systemClock } from '../src/lib/clock.ts';
import { alwaysRoles, type Medium } from '../src/media.ts';
import { keysFor } from '../src/plan/naming.ts';
import type { Resolution } from '../src/source/source.ts';
import { createGoproSource } from '../src/source/gopro/index.ts';
import { createHttpClient } from '../src/lib/http/index.ts';
import { entryOf, makeDescribedArchive } from '../test/support/described-archive.ts';
import type { Source } from './servers.ts';

/** Fills `directory` with an archive of the whole library. The parent folder must exist. */
export async function makeKnownArchive(directory: string, source: Source, userId: string): Promise<void> {
  await makeDescribedArchive(directory, 'bench-archive', describedFiles(source, userId));
}

/** Yields the manifest line of each file. All media are alike, so only one is resolved. */
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
  // These files are never read, so the checksum does not matter.
  return entryOf(medium, named, { originalsOfMedium: originals.length, sizeBytes, crc32: 0 });
}
