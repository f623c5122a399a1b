/** What a report says about an archive. No I/O. */
import { allProofs, needsRepair } from '../../media.ts';
import { momentOf } from '../../plan/moment.ts';
import type { RowOriginal, TrackedRow } from '../../tracker/tracker.ts';
import { decisiveWord, listEntries, type ListEntry } from '../output/list-entries.ts';

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

export interface Named extends Amount {
  readonly name: string;
}

/** A file or a medium that is not in the archive as it should be, or that a person should know. */
export interface Problem {
  /** The status, the mark or the fact, such as `failed` or `lost`. */
  readonly word: string;
  readonly name: string;
  readonly mediaId: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface ReportModel {
  readonly place: string;
  readonly archiveId: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /**
   * False if this machine has no tracker of the archive. Then only what the archive itself describes
   * is known.
   */
  readonly hasTracker: boolean;
  readonly archived: Amount;
  readonly media: number;
  /** The first and the last time by the camera's clock. Null if no time is known. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** `YYYY-MM`, in order, and `undated` last. */
  readonly months: readonly Named[];
  /** Most bytes first. */
  readonly cameras: readonly Named[];
  readonly types: readonly Named[];
  readonly proofs: readonly Named[];
  /** How long ago the bytes were last read. */
  readonly checks: readonly Named[];
  /** When the byte was read that was not read for longest. Null if none was ever read. */
  readonly oldestReadAt: string | null;
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
  /** How many entries each word has. */
  readonly problemCounts: readonly { readonly word: string; readonly entries: number }[];
  readonly problems: readonly Problem[];
}

export interface ReportOptions {
  readonly place: string;
  readonly archiveId: string;
  readonly hasTracker: boolean;
  readonly nowMs: number;
}

/** A page with more lines is hard to read. The CSV has all. */
const maxProblems = 500;
const maxLargest = 10;
const dayMs = 24 * 3_600_000;

const ages = [
  { name: 'in the last 30 days', maxMs: 30 * dayMs },
  { name: '30 to 90 days ago', maxMs: 90 * dayMs },
  { name: '90 days to a year ago', maxMs: 365 * dayMs },
  { name: 'more than a year ago', maxMs: Infinity },
] as const;
const never = 'never, only found in the archive';

/** The words that a report explains, the most serious first. An archived file has none of them. */
const problemWords = [
  'lost',
  'damaged',
  'missing',
  'suspect',
  'quarantined',
  'failed',
  'disputed',
  'waiting',
  'pending',
  'in-progress',
  'listed',
  'source-deleted',
  'accepted',
];

type Sums = Map<string, { files: number; bytes: number }>;

/** Reads all rows of a tracker once. */
export async function buildReport(rows: AsyncIterable<TrackedRow>, options: ReportOptions): Promise<ReportModel> {
  const { place, archiveId, hasTracker, nowMs } = options;
  const found = noFindings();
  for await (const row of rows) {
    for (const entry of listEntries(row)) found.problems.note(entry);
    noteArchived(row, found, nowMs);
  }
  const { months, cameras, types, proofs, checks, largest, problems, ...counts } = found;
  return {
    place,
    archiveId,
    madeAt: new Date(nowMs).toISOString(),
    hasTracker,
    ...counts,
    months: named(months).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    cameras: byBytes(cameras),
    types: byBytes(types),
    proofs: inOrder(proofs, allProofs),
    checks: inOrder(checks, [...ages.map(({ name }) => name), never]),
    largest: largest.files(),
    problemCounts: problems.counts(),
    problems: problems.listed(),
  };
}

function noFindings() {
  return {
    archived: { files: 0, bytes: 0 },
    media: 0,
    firstAt: null as string | null,
    lastAt: null as string | null,
    oldestReadAt: null as string | null,
    months: new Map() as Sums,
    cameras: new Map() as Sums,
    types: new Map() as Sums,
    proofs: new Map() as Sums,
    checks: new Map() as Sums,
    largest: createLargest(),
    problems: createProblemList(),
  };
}

/** Counts the sound files of a medium. */
function noteArchived({ tracked: { medium }, originals }: TrackedRow, found: ReturnType<typeof noFindings>, nowMs: number): void {
  const sound = originals.filter(isSound);
  if (sound.length === 0) return;
  const moment = momentOf(medium);
  found.media += 1;
  found.firstAt = earlier(found.firstAt, moment ?? null);
  found.lastAt = moment !== undefined && moment > (found.lastAt ?? '') ? moment : found.lastAt;
  for (const { original, sizeBytes, proof, checkedAt, archivedAt } of sound) {
    const bytes = sizeBytes ?? 0;
    const readAt = checkedAt ?? archivedAt;
    found.archived.files += 1;
    found.archived.bytes += bytes;
    found.oldestReadAt = earlier(found.oldestReadAt, readAt);
    add(found.months, moment?.slice(0, 7) ?? 'undated', bytes);
    add(found.cameras, medium.cameraModel ?? 'unknown camera', bytes);
    add(found.types, medium.type === '' ? 'unknown type' : medium.type, bytes);
    add(found.proofs, proof ?? 'none', bytes);
    add(found.checks, ageOf(readAt, nowMs), bytes);
    found.largest.note(original.key, bytes);
  }
}

/** The earlier one of two times. Null counts as unknown. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** Whether the archive has the file as it should be. */
export function isSound({ status, mark }: Pick<RowOriginal, 'status' | 'mark'>): boolean {
  return status === 'COMPLETED' && !needsRepair(mark) && mark !== 'SUPERSEDED';
}

function add(sums: Sums, name: string, bytes: number): void {
  const sum = sums.get(name) ?? { files: 0, bytes: 0 };
  sum.files += 1;
  sum.bytes += bytes;
  sums.set(name, sum);
}

function named(sums: Sums): Named[] {
  return [...sums].map(([name, amount]) => ({ name, ...amount }));
}

function byBytes(sums: Sums): Named[] {
  return named(sums).toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function inOrder(sums: Sums, names: readonly string[]): Named[] {
  return names.flatMap((name) => {
    const amount = sums.get(name);
    return amount ? [{ name, ...amount }] : [];
  });
}

function ageOf(readAt: string | null, nowMs: number): string {
  if (readAt === null) return never;
  const ageMs = nowMs - Date.parse(readAt);
  return ages.find(({ maxMs }) => ageMs <= maxMs)?.name ?? never;
}

/** Keeps the largest files that were noted. */
function createLargest() {
  let files: { readonly name: string; readonly bytes: number }[] = [];
  return {
    note: (name: string, bytes: number): void => {
      if (files.length === maxLargest && bytes <= files.at(-1)!.bytes) return;
      files = [...files, { name, bytes }].toSorted((a, b) => b.bytes - a.bytes).slice(0, maxLargest);
    },
    files: () => files,
  };
}

/** Counts all problems, and keeps the first ones of each word. */
function createProblemList() {
  const counts = new Map<string, number>();
  const kept = new Map<string, Problem[]>();
  return {
    note: (entry: ListEntry): void => {
      const word = wordOf(entry);
      if (word === undefined) return;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      const problems = kept.get(word) ?? [];
      kept.set(word, problems);
      const { name, mediaId, since } = entry;
      if (problems.length < maxProblems)
        problems.push({ word, name, mediaId, since, reason: entry.acceptedReason ?? entry.reason ?? '' });
    },
    counts: () => problemWords.flatMap((word) => (counts.has(word) ? [{ word, entries: counts.get(word)! }] : [])),
    listed: () => problemWords.flatMap((word) => kept.get(word) ?? []).slice(0, maxProblems),
  };
}

/** Undefined if nothing is wrong with an entry. */
function wordOf(entry: ListEntry): string | undefined {
  const word = decisiveWord(entry);
  const isDisputed = word === 'completed' && entry.proof === 'disputed';
  return isDisputed ? 'disputed' : problemWords.find((one) => one === word);
}
