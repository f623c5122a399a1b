/** A complete archive of a simulated library, made without a transfer: files of the right names and sizes without content, and the manifest. */
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createManifest, type ManifestEntry } from '../../../src/destination/disk/manifest.ts';
import { openDisk } from '../../../src/destination/disk.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { alwaysRoles, mediumVersion, type Original } from '../../../src/media.ts';
import { keysFor, type NamedOriginal } from '../../../src/plan/naming.ts';
import { downloadReply as simulatedReply } from '../../../src/sim/gopro-api.ts';
import { buildLibrary, type PresetOptions, type SimMedium } from '../../../src/sim/library.ts';
import { resolveOriginals } from '../../../src/source/gopro/originals.ts';
import { downloadReply, recordOf, toMedium } from '../../../src/source/gopro/schema.ts';

const linesAtOnce = 5_000;

/** Fills `directory`, whose parent exists, with the archive of the preset `large`. Returns how many originals it has. */
export async function makeFullArchive(directory: string, account: string, options: PresetOptions): Promise<number> {
  const disk = openDisk(directory, { clock: systemClock });
  await disk.initialise('full-archive');
  await disk.close();
  const manifest = createManifest(join(directory, '.cloud-sync', 'manifest.jsonl'));
  const folders = new Set<string>();
  let files = 0;
  let lines: Promise<void>[] = [];
  for (const simulated of buildLibrary('large', options).media()) {
    for (const entry of entriesOf(simulated, account)) {
      writeEmpty(join(directory, entry.file.original.key), entry.sizeBytes, folders);
      lines.push(manifest.append(entry));
      files += 1;
    }
    if (lines.length < linesAtOnce) continue;
    await Promise.all(lines);
    lines = [];
  }
  await Promise.all(lines);
  await manifest.close();
  return files;
}

/** What the program itself would have written about the originals of a medium. */
function entriesOf(simulated: SimMedium, account: string): ManifestEntry[] {
  const medium = toMedium(recordOf(simulated.id).parse(simulated.record), account);
  const reply = downloadReply.parse(simulatedReply(simulated, (path) => `http://simulated${path}`));
  const { originals } = resolveOriginals(medium.id, reply, alwaysRoles);
  return keysFor({ medium, originals, taken: () => false }).map(({ original, key }) => {
    const sizeBytes = sizeOf(simulated, original);
    return {
      file: {
        original: toOriginal(original, account, key),
        originalName: medium.filename,
        capturedAt: medium.capturedAt,
        originalsOfMedium: originals.length,
        roles: alwaysRoles,
        validator: { etag: null, lastModified: null },
        mediumVersion: mediumVersion(medium),
      },
      sizeBytes,
      crc32: crc32OfZeros(sizeBytes),
      sha256: null,
      archivedAt: '2026-07-01T00:00:00.000Z',
    };
  });
}

function toOriginal(
  { mediaId, role, label, type, position, itemNumber, ordinal }: NamedOriginal,
  account: string,
  key: string,
): Original {
  return { provider: 'gopro', account, mediaId, role, label, type, position, itemNumber, ordinal, revision: 1, key };
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

/** Takes no space but its name. */
function writeEmpty(path: string, sizeBytes: number, folders: Set<string>): void {
  const folder = dirname(path);
  if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
  folders.add(folder);
  const file = openSync(path, 'wx');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}
