/** Files as an archive lists them, for tests of `restore`. */
import type { ListedFile } from '../../src/destination/destination.ts';
import type { Original } from '../../src/media.ts';
import { collectMedia, type ArchivedFile, type ArchivedMedium } from '../../src/plan/restore/archived-files.ts';
import { description, original } from './builders.ts';

interface Fields extends Partial<Original> {
  readonly name?: string;
  readonly capturedAt?: string | null;
  readonly originals?: number;
}

/** A file of an archive, with its description. */
export function listed(mediaId: string, { name, capturedAt, originals, ...fields }: Fields = {}): ListedFile {
  const file = original(mediaId, fields);
  const about = description(file, {
    ...(name !== undefined && { originalName: name }),
    ...(capturedAt !== undefined && { capturedAt }),
    ...(originals !== undefined && { originalsOfMedium: originals }),
  });
  return { key: file.key, sizeBytes: 10, crc32: 1, presentBytes: 10, description: about };
}

export async function filesOf(...files: readonly ListedFile[]): Promise<readonly ArchivedFile[]> {
  return (await mediaOf(...files)).flatMap((medium) => medium.files);
}

export async function mediaOf(...files: readonly ListedFile[]): Promise<readonly ArchivedMedium[]> {
  return collectMedia(
    (async function* () {
      yield* files;
    })(),
  );
}
