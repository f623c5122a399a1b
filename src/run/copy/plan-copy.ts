import type { Destination, FileDescription, ListedFile } from '../../destination/destination.ts';
import { foldKey, originalId, type Original } from '../../media.ts';
import { heldOriginals, needOf, type HeldOriginals, type Need } from '../../plan/copy/missing-files.ts';
import { keyOf } from '../../plan/naming.ts';
import type { ArchivedFile } from '../../plan/restore/archived-files.ts';
import type { Wanted } from '../../plan/restore/selection.ts';
import { extensionOf } from '../../plan/safe-name.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { hasReplacement } from '../read-archive/archive-errors.ts';
import { selectFromArchive, type SelectedFiles } from '../read-archive/select-files.ts';

/** A file to copy. */
export interface PlannedCopy {
  readonly file: ArchivedFile;
  /** The file's description, with the original as the second archive knows it. */
  readonly description: FileDescription;
  /** Whether the second archive had the file, and it is missing or damaged there. */
  readonly isRepair: boolean;
  /** Whether a damaged file has the key and must be moved away. */
  readonly replaces: boolean;
  /**
   * Whether a later revision in the first archive has the same content. Then this file may be the
   * damaged one, and the second archive must not expect it before its bytes were read.
   */
  readonly isReplaced: boolean;
}

export interface CopyPlan {
  readonly selected: SelectedFiles;
  readonly copies: readonly PlannedCopy[];
  readonly bytes: number;
  /** The number of files that the second archive has already. */
  readonly skipped: number;
  /** Selected files without a readable description, which cannot be described in another archive. */
  readonly undescribed: readonly ArchivedFile[];
}

interface PlanPorts {
  readonly archive: Destination;
  readonly destination: Destination;
  readonly tracker: Tracker;
}

/** Reads both archives, and decides which files are copied under which key. */
export async function planCopy(ports: PlanPorts, options: Wanted & { readonly signal: AbortSignal }): Promise<CopyPlan> {
  const { archive, destination, tracker } = ports;
  const held = await heldOriginals(tracker.rows());
  const needOfFile = (file: Parameters<typeof needOf>[0]) => needOf(file, held, destination);
  const keepsDescription = (file: ListedFile) => needOfFile(asWanted(file)).kind !== 'none';
  const selected = await selectFromArchive(archive, { ...options, keepsDescription });
  const copies: PlannedCopy[] = [];
  const undescribed: ArchivedFile[] = [];
  const taken = takenKeys(held);
  // An earlier revision is adopted first. Otherwise the tracker would leave it out.
  for (const file of selected.files.toSorted((a, b) => a.revision - b.revision)) {
    if (file.id === '') undescribed.push(file);
    const need = file.id === '' ? ({ kind: 'none' } as const) : needOfFile(file);
    if (need.kind === 'none' || !file.description) continue;
    const original = originalFor(file.description, file, need, taken);
    taken.add(foldKey(original.key));
    const isRepair = need.kind === 'known' && need.isRepair;
    const replaces = need.kind === 'known' && need.isDamaged;
    const isReplaced = hasReplacement(file);
    copies.push({ file, description: { ...file.description, original }, isRepair, replaces, isReplaced });
  }
  return {
    selected,
    copies,
    bytes: copies.reduce((sum, { file }) => sum + file.sizeBytes, 0),
    skipped: selected.files.length - copies.length - undescribed.length,
    undescribed,
  };
}

function asWanted({ description, sizeBytes, crc32 }: ListedFile): Parameters<typeof needOf>[0] {
  const { original } = description!;
  const { revision } = original;
  return { id: originalId(original, revision), original: originalId(original, 1), revision, sizeBytes, crc32 };
}

function takenKeys(held: HeldOriginals): Set<string> {
  return new Set([...held.values()].flatMap((revisions) => revisions.map(({ key }) => foldKey(key))));
}

/** The original of a file as the second archive knows it: with a revision and a key of its own. */
function originalFor(
  { original, originalName, capturedAt, originalsOfMedium }: FileDescription,
  { key }: ArchivedFile,
  need: Exclude<Need, { readonly kind: 'none' }>,
  taken: ReadonlySet<string>,
): Original {
  if (need.kind === 'known') return { ...original, revision: need.revision, key: need.key };
  const isTaken = (name: string) => taken.has(foldKey(name));
  const revision = need.kind === 'revision' ? need.revision : original.revision;
  if (need.kind === 'new' && !isTaken(key)) return { ...original, key };
  const free = keyOf({
    medium: { provider: original.provider, filename: originalName, fileExtension: null, capturedAt, createdAt: null },
    identity: original,
    revision,
    extension: extensionOf(key),
    siblings: originalsOfMedium,
    taken: isTaken,
  });
  return { ...original, revision, key: free };
}
