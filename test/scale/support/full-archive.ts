/** A complete archive of a simulated library, made without a transfer. */
import { crc32 } from 'node:zlib';
import type { ManifestEntry } from '../../../src/destination/disk/bookkeeping/manifest.ts';
import { alwaysRoles } from '../../../src/media.ts';
import { keysFor, type NamedOriginal } from '../../../src/plan/naming.ts';
import { downloadReply as simulatedReply } from '../../../src/sim/gopro/api.ts';
import { buildLibrary, type PresetOptions, type SimMedium } from '../../../src/sim/gopro/library/library.ts';
import { resolveOriginals } from '../../../src/source/gopro/originals.ts';
import { downloadReply, recordOf, toMedium } from '../../../src/source/gopro/schema.ts';
import { entryOf, makeDescribedArchive } from '../../support/described-archive.ts';

/**
 * Fills `directory`, whose parent exists, with an archive of the preset `large`. Returns the number
 * of originals.
 */
export async function makeFullArchive(directory: string, account: string, options: PresetOptions): Promise<number> {
  return makeDescribedArchive(directory, 'full-archive', entriesOf(buildLibrary('large', options).media(), account));
}

/** The manifest entries that the program would write for the originals of each medium. */
function* entriesOf(media: Iterable<SimMedium>, account: string): Generator<ManifestEntry> {
  for (const simulated of media) {
    const medium = toMedium(recordOf(simulated.id).parse(simulated.record), account);
    const reply = downloadReply.parse(simulatedReply(simulated, (path) => `http://simulated${path}`));
    const { originals } = resolveOriginals(medium.id, reply, alwaysRoles);
    for (const named of keysFor({ medium, originals, taken: () => false })) {
      const sizeBytes = sizeOf(simulated, named.original);
      yield entryOf(medium, named, { originalsOfMedium: originals.length, sizeBytes, crc32: crc32OfZeros(sizeBytes) });
    }
  }
}

function sizeOf({ files, id }: SimMedium, { label, itemNumber }: NamedOriginal): number {
  const file = files.find((each) => each.original !== undefined && each.label === label && each.itemNumber === itemNumber);
  if (!file) throw new Error(`${id} has no original ${label} ${itemNumber}`);
  return file.sizeBytes;
}

const zeroSums = new Map<number, number>();

function crc32OfZeros(sizeBytes: number): number {
  const sum = zeroSums.get(sizeBytes) ?? crc32(Buffer.alloc(sizeBytes));
  zeroSums.set(sizeBytes, sum);
  return sum;
}
