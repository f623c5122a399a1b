/**
 * Counts missing, damaged, suspect, lost and accepted files, and makes the lines that show the
 * counts.
 */
import type { Tally } from '../../media.ts';
import { count, formatBytes } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { decisiveWord, listEntries } from './list-entries.ts';

export interface FilesAndBytes {
  readonly files: number;
  /** The size of the files whose size is known. */
  readonly bytes: number;
}

/** Each file counts once, by the first word that applies: accepted, lost, or its mark. */
export interface Evidence {
  readonly missing: FilesAndBytes;
  readonly damaged: FilesAndBytes;
  readonly suspect: FilesAndBytes;
  readonly lost: FilesAndBytes;
  readonly accepted: FilesAndBytes;
}

const words = ['missing', 'damaged', 'suspect', 'lost', 'accepted'] as const;

/**
 * Counts the files in the tracker. Reads no rows if the tally says that there is nothing to count.
 * Errors: TRACKER_UNUSABLE.
 */
export async function readEvidence(tracker: Tracker, { marked, lost, accepted, proofs }: Tally): Promise<Evidence> {
  const counts = new Map<string, { files: number; bytes: number }>(words.map((word) => [word, { files: 0, bytes: 0 }]));
  if (marked + lost + accepted + proofs.disputed > 0) {
    for await (const row of tracker.rows(['MISSING', 'DAMAGED', 'SUSPECT', 'LOST', 'ACCEPTED'])) {
      for (const entry of listEntries(row)) {
        const counted = counts.get(decisiveWord(entry));
        if (!counted) continue;
        const isOriginal = row.originals.some(({ original }) => original.key === entry.name);
        const isLostPart = entry.lost && !isOriginal;
        counted.files += isLostPart ? row.tracked.absentOriginals : 1;
        counted.bytes += isLostPart ? 0 : (entry.sizeBytes ?? 0);
      }
    }
  }
  return Object.fromEntries(counts) as unknown as Evidence;
}

/** Makes the lines that show the counts. `retry` is the command to name, in backquotes. */
export function evidenceLines(
  { missing, damaged, suspect, lost, accepted }: Evidence,
  { retry }: { readonly retry: string },
): readonly (readonly [label: string, text: string])[] {
  return [
    ['Missing', line(missing, (them) => `the next run fetches ${them} again`)],
    ['Damaged', line(damaged, (them) => `the next run replaces ${them}`)],
    ['Suspect', line(suspect, (them) => `no match with the cloud's own checksum; the next run fetches ${them} once more`)],
    ['Lost', line(lost, () => 'missing, damaged or suspect here, and no longer in the cloud')],
    ['Accepted', line(accepted, (them) => `no run fails because of ${them}; ${retry} undoes this`)],
  ];
}

function line({ files, bytes }: FilesAndBytes, note: (them: string) => string): string {
  if (files === 0) return '';
  return `${count(files, 'file')}${bytes === 0 ? '' : `, ${formatBytes(bytes)}`}: ${note(files === 1 ? 'it' : 'them')}`;
}
