import type { Clock } from '../lib/clock.ts';
import type { ActiveFile, Progress } from '../events.ts';
import type { Proof } from '../media.ts';

/** Counts what a run transfers. Only this module counts. */
export interface Accounting {
  /** Counts every media byte that arrived, including bytes that were thrown away. */
  countFetched(bytes: number): void;
  countRequest(): void;
  /** Counts an original of the plan that this run could not even try. */
  countUntried(): void;
  /** Counts a medium of the plan as done, whatever its result. */
  endMedium(sizeHintBytes: number | null): void;
  /**
   * Begins a file, or begins it again. The destination already has `doneBytes` bytes of the file.
   */
  startFile(key: string, sizeBytes: number | null, doneBytes: number): void;
  /** Adds new bytes of a file. A negative number means that bytes must be fetched again. */
  advanceFile(key: string, bytes: number): void;
  /** Counts the verdict on a file that this run archived. */
  countProof(proof: Proof): void;
  /** How many media of the plan are not done yet. */
  leftMedia(): number;
  /** Ends a file. `archivedBytes` is null if the file was not archived. */
  endFile(key: string, archivedBytes: number | null): void;
  totals(): Totals;
  progress(): Progress;
}

export interface Totals {
  readonly archivedFiles: number;
  readonly provenFiles: number;
  readonly disputedFiles: number;
  readonly archivedBytes: number;
  readonly fetchedBytes: number;
  readonly mediaRequests: number;
  readonly untriedOriginals: number;
}

const noTotals = {
  archivedFiles: 0,
  provenFiles: 0,
  disputedFiles: 0,
  archivedBytes: 0,
  fetchedBytes: 0,
  mediaRequests: 0,
  untriedOriginals: 0,
};

interface FileCount {
  readonly key: string;
  readonly sizeBytes: number | null;
  readonly startedAtMs: number;
  readonly startedBytes: number;
  doneBytes: number;
}

/** Counts the media of the plan. */
interface MediaCount {
  readonly total: number;
  done: number;
  /** The remaining bytes, summed from the sizes in the listing. */
  leftBytes: number;
}

/** The speed is the average of the last ten seconds. */
const windowMs = 10_000;

export function createAccounting(clock: Clock, plan: { readonly media: number; readonly sizeHintBytes: number }): Accounting {
  const active = new Map<string, FileCount>();
  const totals = { ...noTotals };
  const media: MediaCount = { total: plan.media, done: 0, leftBytes: plan.sizeHintBytes };
  const speedAt = createSpeedometer();
  return {
    countFetched: (bytes) => void (totals.fetchedBytes += bytes),
    countRequest: () => void (totals.mediaRequests += 1),
    countUntried: () => void (totals.untriedOriginals += 1),
    endMedium: (sizeHintBytes) => {
      media.done += 1;
      media.leftBytes -= sizeHintBytes ?? 0;
    },
    countProof: (proof) => {
      if (proof === 'proven') totals.provenFiles += 1;
      if (proof === 'disputed') totals.disputedFiles += 1;
    },
    leftMedia: () => media.total - media.done,
    startFile: (key, sizeBytes, doneBytes) =>
      void active.set(key, { key, sizeBytes, startedAtMs: clock.elapsed(), startedBytes: doneBytes, doneBytes }),
    advanceFile: (key, bytes) => {
      const file = active.get(key);
      if (file) file.doneBytes += bytes;
    },
    endFile: (key, archivedBytes) => {
      active.delete(key);
      if (archivedBytes === null) return;
      totals.archivedFiles += 1;
      totals.archivedBytes += archivedBytes;
    },
    totals: () => ({ ...totals }),
    progress: () => {
      const nowMs = clock.elapsed();
      return progressOf(totals, media, [...active.values()], speedAt(nowMs, totals.fetchedBytes), nowMs);
    },
  };
}

/** Returns a function that takes the bytes so far and returns the speed in bytes per second. */
function createSpeedometer(): (nowMs: number, fetchedBytes: number) => number {
  const samples: { readonly atMs: number; readonly fetchedBytes: number }[] = [];
  return (nowMs, fetchedBytes) => {
    samples.push({ atMs: nowMs, fetchedBytes });
    while (samples.length > 1 && (samples[0]?.atMs ?? nowMs) < nowMs - windowMs) samples.shift();
    const first = samples[0];
    if (!first || nowMs === first.atMs) return 0;
    return ((fetchedBytes - first.fetchedBytes) * 1000) / (nowMs - first.atMs);
  };
}

function progressOf(totals: Totals, media: MediaCount, files: readonly FileCount[], speed: number, nowMs: number): Progress {
  const activeBytes = sum(files, (file) => file.doneBytes);
  const doneBytes = totals.archivedBytes + activeBytes;
  // The remaining bytes are computed from the sizes of media in the listing and from the sizes of
  // files in replies. The larger number is used.
  const leftOfFiles = sum(files, (file) => Math.max(0, (file.sizeBytes ?? 0) - file.doneBytes));
  const leftBytes = Math.max(leftOfFiles, media.leftBytes - activeBytes, 0);
  return {
    type: 'progress',
    filesDone: totals.archivedFiles,
    mediaDone: media.done,
    mediaTotal: media.total,
    bytesDone: doneBytes,
    bytesTotal: doneBytes + leftBytes,
    bytesPerSecond: speed,
    remainingMs: speed > 0 ? (leftBytes / speed) * 1000 : null,
    active: files.map((file) => activeFile(file, nowMs)),
  };
}

function activeFile(file: FileCount, nowMs: number): ActiveFile {
  const elapsedMs = Math.max(1, nowMs - file.startedAtMs);
  return {
    key: file.key,
    bytesDone: file.doneBytes,
    sizeBytes: file.sizeBytes,
    bytesPerSecond: Math.max(0, ((file.doneBytes - file.startedBytes) * 1000) / elapsedMs),
  };
}

function sum<Item>(items: readonly Item[], valueOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
