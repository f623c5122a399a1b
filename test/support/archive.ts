/** Compares an archive's names and bytes with the simulated library, not with our own records. */
import { expect } from 'vitest';
import { expectedOriginals, type ArchiveScope, type SimLibrary } from '../../src/sim/gopro/library/library.ts';
import type { ExpectedOriginal } from '../../src/sim/gopro/library/originals.ts';
import type { FoundFile } from './places.ts';

export interface WantedFile {
  readonly mediaId: string;
  /** The simulator's name of the file, which no other file of the same medium has. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A cache of digests, so that files with the same seed, size and extension are hashed once. */
const digests = new Map<string, Promise<string>>();

async function digestOf(library: SimLibrary, { mediaId, key, sha256 }: ExpectedOriginal): Promise<string> {
  const file = library.get(mediaId)?.files.find((candidate) => candidate.key === key);
  if (!file) return sha256();
  const content = JSON.stringify([file.seed, file.sizeBytes, file.extension]);
  const digest = digests.get(content) ?? sha256();
  digests.set(content, digest);
  return digest;
}

/** The files that a complete archive of the library holds now. */
export async function wantedOf(library: SimLibrary, scope: ArchiveScope = {}): Promise<WantedFile[]> {
  const originals = expectedOriginals(library, scope);
  return Promise.all(
    originals.map(async (original) => {
      const { mediaId, key, sizeBytes } = original;
      return { mediaId, file: key, sizeBytes, sha256: await digestOf(library, original) };
    }),
  );
}

export interface Difference {
  readonly missing: readonly string[];
  /** Files that the archive should not hold, such as second copies. */
  readonly surplus: readonly string[];
}

/**
 * Pairs a found file with a wanted file if their bytes are equal and the found name has the
 * medium's id.
 */
export function compare(found: readonly FoundFile[], wanted: readonly WantedFile[]): Difference {
  const open = new Map<string, WantedFile[]>();
  for (const file of wanted) open.set(file.sha256, [...(open.get(file.sha256) ?? []), file]);
  const surplus: string[] = [];
  for (const { key, sizeBytes, sha256 } of found) {
    const candidates = open.get(sha256) ?? [];
    const index = candidates.findIndex(({ mediaId }) => nameOf(key).includes(mediaId));
    if (index < 0) surplus.push(`${key} (${sizeBytes} bytes)`);
    else candidates.splice(index, 1);
  }
  const missing = [...open.values()].flat().map(({ mediaId, file, sizeBytes }) => `${mediaId} ${file} (${sizeBytes} bytes)`);
  return { missing: missing.toSorted(), surplus: surplus.toSorted() };
}

/** Expects every wanted file exactly once, and nothing else. */
export function expectExactly(found: readonly FoundFile[], wanted: readonly WantedFile[]): void {
  expect(compare(found, wanted)).toEqual({ missing: [], surplus: [] });
}

/** Expects that every found file is a wanted file. Wanted files may be missing. */
export function expectNothingWrong(found: readonly FoundFile[], wanted: readonly WantedFile[]): void {
  expect(compare(found, wanted).surplus).toEqual([]);
}

/** Returns the file of a medium. Expects that the archive has no other file of this medium. */
export function fileOf(found: readonly FoundFile[], mediaId: string): FoundFile {
  const files = found.filter(({ key }) => nameOf(key).includes(mediaId));
  expect(files, `files of ${mediaId}`).toHaveLength(1);
  return files[0]!;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
