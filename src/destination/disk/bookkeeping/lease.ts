import { open, unlink, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameLease, type LeaseCell, type LeaseRecord } from '../../../lease.ts';
import { decodeLease, encodeLease, isUnreadable } from '../../lease-record.ts';
import { ignoring, renameOver } from '../files.ts';
import { readOwnText } from '../own-files.ts';
import type { Tree } from '../tree.ts';

/** The lease file of the archive, `.cloud-sync/lease`. */
export interface LeaseFile extends LeaseCell {
  /** Whether the lease in the file is the one that this process wrote. */
  isOurs(): Promise<boolean>;
  /** The record that this process wrote; undefined before the first. */
  ours(): LeaseRecord | undefined;
  close(): Promise<void>;
}

/** The lease that this process wrote. `file` stays open even if another file takes its name. */
interface Written {
  readonly record: LeaseRecord;
  readonly file: FileHandle;
}

interface Place {
  readonly tree: Tree;
  readonly path: string;
  written: Written | undefined;
}

/** Records are padded to this many bytes, so a short record overwrites a whole long one. */
const recordBytes = 1024;
/**
 * A contender renames its heir within milliseconds. One that takes longer than this counts as dead.
 */
const contenderMs = 2_000;

export function createLeaseFile(tree: Tree): LeaseFile {
  const place: Place = { tree, path: tree.own('lease'), written: undefined };
  return {
    read: async () => ({ record: await readRecord(place.path), storeTimeMs: null }),
    replace: async (before, after) =>
      before?.token === after.token ? rewrite(place, before, after) : takeOver(place, before, after),
    isOurs: async () => place.written !== undefined && (await readRecord(place.path))?.token === place.written.record.token,
    ours: () => place.written?.record,
    close: async () => {
      await place.written?.file.close();
      place.written = undefined;
    },
  };
}

/**
 * Reads a record. A reader may meet a half-written record, so it reads an unreadable one again. An
 * empty file is no record, because nothing was ever written to it.
 */
async function readRecord(path: string): Promise<LeaseRecord | undefined> {
  for (let reads = 1; ; reads += 1) {
    const text = await readOwnText(path);
    if (text === undefined) return undefined;
    const record = text === '' ? undefined : decodeLease(text);
    if ((record && !isUnreadable(record)) || reads === 5) return record;
    await delay(20);
  }
}

/** Writes to the open file. So a late write after a takeover changes only the old file. */
async function rewrite(place: Place, before: LeaseRecord, after: LeaseRecord): Promise<boolean> {
  const { path, written } = place;
  if (written?.record.token !== after.token || !isSameLease(await readRecord(path), before)) return false;
  await writeRecord(written.file, after);
  place.written = { ...written, record: after };
  return (await readRecord(path))?.token === after.token;
}

async function writeRecord(file: FileHandle, record: LeaseRecord): Promise<void> {
  const text = encodeLease(record).trimEnd();
  await file.write(`${text.padEnd(recordBytes - 1)}\n`, 0);
  await file.datasync();
}

/**
 * Takes over the lease file in two steps. A contender first creates a file, the heir, whose name
 * depends on the old record. Only one contender can create it. The contender then renames the heir
 * to the lease. So the lease is always a complete file, and hard links are not needed.
 */
async function takeOver(place: Place, before: LeaseRecord | undefined, after: LeaseRecord): Promise<boolean> {
  const { tree, path } = place;
  const heirPath = tree.own(`lease-after-${before?.token ?? 'nothing'}`);
  const file = await createHeir(heirPath, path, before);
  if (!file) return false;
  let isTaken = false;
  try {
    await writeRecord(file, after);
    isTaken = isSameLease(await readRecord(path), before) && (await inherit(heirPath, path, after));
    if (!isTaken) await giveUp(file, heirPath, after);
  } catch (error) {
    await unlink(heirPath).catch(() => {});
    throw error;
  } finally {
    if (!isTaken) await file.close();
  }
  if (!isTaken) return false;
  await place.written?.file.close();
  place.written = { record: after, file };
  return true;
}

/** If other contenders took this one for dead, the heir is missing or belongs to one of them. */
async function inherit(heirPath: string, path: string, after: LeaseRecord): Promise<boolean> {
  // EEXIST: this file system replaces no file, and another contender was faster.
  await renameOver(heirPath, path).catch(ignoring('ENOENT', 'EEXIST'));
  return (await readRecord(path))?.token === after.token;
}

/**
 * Marks the heir's record as released, because another contender may still rename the heir to the
 * lease. Then removes the heir.
 */
async function giveUp(file: FileHandle, heirPath: string, after: LeaseRecord): Promise<void> {
  await writeRecord(file, { ...after, released: true });
  await unlink(heirPath).catch(ignoring('ENOENT'));
}

/** Creates the heir. Removes a dead contender's heir. Returns undefined if the lease changed. */
async function createHeir(heirPath: string, path: string, before: LeaseRecord | undefined): Promise<FileHandle | undefined> {
  const untilMs = performance.now() + contenderMs;
  for (;;) {
    const file = await open(heirPath, 'wx+', 0o644).catch(ignoring('EEXIST'));
    if (file) return file;
    if (!isSameLease(await readRecord(path), before)) return undefined;
    if (performance.now() > untilMs) await unlink(heirPath).catch(ignoring('ENOENT'));
    await delay(50);
  }
}
