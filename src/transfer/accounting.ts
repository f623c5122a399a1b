import type { Clock } from '../lib/clock.ts';
import type { ActiveFile, Progress } from '../events.ts';

/** What a run moved so far. The only place that counts. */
export interface Accounting {
  /** Every media byte that arrived, also those that were thrown away. */
  fetched(bytes: number): void;
  mediaRequest(): void;
  /** A medium of the plan is done with, whatever became of it. */
  mediumDone(sizeHintBytes: number | null): void;
  /** A file begins; `doneBytes` of it are already at the destination. Also called again when it starts over. */
  fileStarted(key: string, sizeBytes: number | null, doneBytes: number): void;
  /** New bytes of a file; negative when some have to be fetched again. */
  fileMoved(key: string, bytes: number): void;
  fileEnded(key: string, archivedBytes: number | null): void;
  /** An original of the plan that this run could not even try. */
  leftBehind(): void;
  totals(): {
    readonly archivedFiles: number;
    readonly archivedBytes: number;
    readonly fetchedBytes: number;
    readonly mediaRequests: number;
    readonly leftBehind: number;
  };
  progress(): Progress;
}

interface FileCount {
  readonly key: string;
  readonly sizeBytes: number | null;
  readonly startedAtMs: number;
  readonly startedBytes: number;
  doneBytes: number;
}

/** Speed is that of the last ten seconds. */
const windowMs = 10_000;

export function createAccounting(clock: Clock, plan: { readonly media: number; readonly sizeHintBytes: number }): Accounting {
  const active = new Map<string, FileCount>();
  const samples: { atMs: number; fetchedBytes: number }[] = [];
  const totals = { archivedFiles: 0, archivedBytes: 0, fetchedBytes: 0, mediaRequests: 0, leftBehind: 0 };
  let mediaDone = 0;
  let hintLeftBytes = plan.sizeHintBytes;

  function bytesPerSecond(): number {
    const nowMs = clock.elapsed();
    samples.push({ atMs: nowMs, fetchedBytes: totals.fetchedBytes });
    while (samples.length > 1 && (samples[0]?.atMs ?? nowMs) < nowMs - windowMs) samples.shift();
    const first = samples[0];
    if (!first || nowMs === first.atMs) return 0;
    return ((totals.fetchedBytes - first.fetchedBytes) * 1000) / (nowMs - first.atMs);
  }

  return {
    fetched: (bytes) => void (totals.fetchedBytes += bytes),
    mediaRequest: () => void (totals.mediaRequests += 1),
    mediumDone: (sizeHintBytes) => {
      mediaDone += 1;
      hintLeftBytes -= sizeHintBytes ?? 0;
    },
    fileStarted: (key, sizeBytes, doneBytes) =>
      void active.set(key, { key, sizeBytes, startedAtMs: clock.elapsed(), startedBytes: doneBytes, doneBytes }),
    fileMoved: (key, bytes) => {
      const file = active.get(key);
      if (file) file.doneBytes += bytes;
    },
    fileEnded: (key, archivedBytes) => {
      active.delete(key);
      if (archivedBytes === null) return;
      totals.archivedFiles += 1;
      totals.archivedBytes += archivedBytes;
    },
    leftBehind: () => void (totals.leftBehind += 1),
    totals: () => ({ ...totals }),
    progress: () => {
      const files = [...active.values()];
      const doneBytes = totals.archivedBytes + sum(files, (file) => file.doneBytes);
      // Hints cover media, known sizes cover files: whichever promises more is what is left.
      const leftBytes = Math.max(
        sum(files, (file) => Math.max(0, (file.sizeBytes ?? 0) - file.doneBytes)),
        hintLeftBytes - sum(files, (file) => file.doneBytes),
        0,
      );
      const speed = bytesPerSecond();
      return {
        type: 'progress',
        filesDone: totals.archivedFiles,
        mediaDone,
        mediaTotal: plan.media,
        bytesDone: doneBytes,
        bytesTotal: doneBytes + leftBytes,
        bytesPerSecond: speed,
        remainingMs: speed > 0 ? (leftBytes / speed) * 1000 : null,
        active: files.map((file) => activeFile(file, clock.elapsed())),
      };
    },
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
