/** Selects the files of an archive that a person wants back. No I/O. */
import type { Medium } from '../../media.ts';
import { countFiltered } from '../filter-count.ts';
import type { Filters } from '../filter.ts';
import { anyPattern } from '../wildcards.ts';
import type { ArchivedFile, ArchivedMedium } from './archived-files.ts';

export interface Wanted {
  /** Undefined if the person gave no filter. */
  readonly filters: Filters | undefined;
  /** Keys, ids of media, and patterns for keys and for their last parts. Empty: everything. */
  readonly words: readonly string[];
}

export interface Selected {
  /** In the order of their keys. */
  readonly files: readonly ArchivedFile[];
  /** The media of which a file is selected. */
  readonly media: readonly ArchivedMedium[];
  readonly leftOut: number;
  /** The words that select no file of the archive, whatever the filters are. */
  readonly unmatchedWords: readonly string[];
  /** A sentence for each filter that matches nothing in the archive. */
  readonly unmatchedFilters: readonly string[];
}

export function selectFiles(media: readonly ArchivedMedium[], { filters, words }: Wanted): Selected {
  const counter = countFiltered(filters ?? {});
  const isNamed = createWordMatch(words);
  const files: ArchivedFile[] = [];
  const selected: ArchivedMedium[] = [];
  let leftOut = 0;
  for (const medium of media) {
    const isCovered = counter.note(asListed(medium), false);
    const named = medium.files.filter((file) => isNamed(file) && isCovered);
    files.push(...named);
    leftOut += medium.files.length - named.length;
    if (named.length > 0) selected.push(medium);
  }
  return {
    files: files.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    media: selected,
    leftOut,
    unmatchedWords: isNamed.unmatched(),
    unmatchedFilters: filters ? counter.count().unmatched : [],
  };
}

/** A medium as the listing would show it. Its size is the sum of its files in the archive. */
function asListed({ id, name, type, camera, files }: ArchivedMedium): Medium {
  return {
    provider: 'gopro',
    account: '',
    id,
    type,
    filename: name,
    fileExtension: null,
    sizeHintBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    capturedAt: files.find(({ capturedAt }) => capturedAt !== null)?.capturedAt ?? null,
    createdAt: null,
    updatedAt: null,
    reprocessedAt: null,
    itemCount: null,
    cameraModel: camera,
    ready: true,
    readyState: '',
  };
}

interface WordMatch {
  (file: ArchivedFile): boolean;
  /** The words that matched no file so far. */
  unmatched(): readonly string[];
}

function createWordMatch(words: readonly string[]): WordMatch {
  const unmatched = new Set(words);
  const exact = new Set(words);
  const patterns = words.filter((word) => /[*?]/.test(word)).map((word) => ({ word, matches: anyPattern([word]) }));
  const match = (file: ArchivedFile): boolean => {
    if (words.length === 0) return true;
    const { key, medium } = file;
    const baseName = key.slice(key.lastIndexOf('/') + 1);
    const named = [key, baseName, medium.id].filter((name) => name !== '' && exact.has(name));
    const matching = patterns.filter(({ matches }) => matches(key) || matches(baseName)).map(({ word }) => word);
    for (const word of [...named, ...matching]) unmatched.delete(word);
    return named.length + matching.length > 0;
  };
  return Object.assign(match, { unmatched: () => [...unmatched] });
}
