import type { FileDescription, Part, UploadState } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import type { AttemptBudget } from '../../transfer/original/attempt-budget.ts';
import { partRanges } from '../../transfer/original/parts.ts';
import { damagedError } from '../read-archive/archive-errors.ts';
import { readFile } from '../read-archive/read-file.ts';
import type { Copying } from './copy-file.ts';

/** An upload in the second archive, and the file of the first archive that fills it. */
interface Filling {
  /** The key in the first archive. */
  readonly key: string;
  readonly file: FileDescription;
  readonly state: UploadState;
  /** The parts that are stored already. */
  readonly parts: readonly Part[];
  /** Keeps a stored part for a later run. */
  readonly keep: (part: Part) => Promise<void>;
  readonly budget: AttemptBudget;
  /** Files with a lower number get slots for their parts first. */
  readonly order: number;
}

type Range = ReturnType<typeof partRanges>[number];

/**
 * Copies the parts that the second archive lacks, as many at once as there are free slots. Returns
 * all parts in order. If a part fails, the other parts end too. Errors: those of both archives.
 */
export async function copyParts(filling: Filling, copying: Copying): Promise<Part[]> {
  const { state, parts } = filling;
  const stored = new Map(parts.map((part) => [part.number, part]));
  const others = new AbortController();
  const signal = AbortSignal.any([copying.signal, others.signal]);
  const missing = partRanges(state.sizeBytes ?? 0, state.partSizeBytes).filter(({ number }) => !stored.has(number));
  const copies = missing.map(async (range) => {
    const part = await copyPart(range, filling, { ...copying, signal });
    stored.set(part.number, part);
  });
  try {
    await Promise.all(copies);
  } catch (error) {
    others.abort(new SyncError('CONNECTION_LOST', 'another part of the file failed'));
    await Promise.allSettled(copies);
    throw error;
  }
  return [...stored.values()].toSorted((a, b) => a.number - b.number);
}

/** Copies a part, and repeats failed attempts. */
async function copyPart(range: Range, filling: Filling, copying: Copying): Promise<Part> {
  const { budget, order, keep } = filling;
  const { slots, signal } = copying;
  for (let failures = 1; ; failures += 1) {
    const ticket = budget.begin();
    try {
      const part = await slots.run(order, async () => storePart(range, filling, copying), signal);
      await keep(part);
      return part;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asSyncError(thrown);
      if (error.decision !== 'retry') throw error;
      await budget.waitAfterFailure(ticket, error, signal, failures);
    }
  }
}

async function storePart({ number, start, sizeBytes }: Range, filling: Filling, copying: Copying): Promise<Part> {
  const { key, file, state, budget } = filling;
  const { archive, destination, accounting, signal } = copying;
  const writer = destination.writePart(file, state, number, sizeBytes);
  // A store that is silent must not hold up the end of the copy.
  const abandon = (): void => writer.abort();
  signal.addEventListener('abort', abandon, { once: true });
  let doneBytes = 0;
  const take = (bytes: Uint8Array): Promise<void> | undefined => {
    doneBytes += bytes.length;
    accounting.countFetched(bytes.length);
    accounting.advanceFile(key, bytes.length);
    budget.reached(number, doneBytes);
    return writer.write(bytes);
  };
  try {
    const read = await readFile(key, { from: start, to: start + sizeBytes }, take, copying);
    if (read.sizeBytes !== sizeBytes)
      throw damagedError(key, `has ${start + read.sizeBytes} bytes instead of ${state.sizeBytes}`, archive);
    return await writer.end(read.crc32);
  } catch (error) {
    writer.abort();
    accounting.advanceFile(key, -doneBytes);
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
