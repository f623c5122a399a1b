import { lstatSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writePrivateFile } from '../../lib/files/private-files.ts';

/**
 * Reading a large tracker in full takes longer than a run that finds nothing new. So a note beside
 * the file describes the file as it was last closed cleanly. A file that still fits its note need
 * not be read in full.
 */
const noteOf = (path: string) => `${path}.sound`;

/** The note does not show whether the disk spoiled bytes, so a file is read in full once a week. */
const trustedMs = 7 * 24 * 60 * 60_000;

/**
 * True if the file was read in full lately, and is unchanged since it was closed cleanly. Call this
 * before SQLite opens the file.
 */
export function wasClosedCleanly(path: string, nowMs: number): boolean {
  try {
    const { readAtMs, looks } = readNote(path);
    return Math.abs(nowMs - readAtMs) < trustedMs && !isOpenSomewhere(path) && looks === looksOf(path);
  } catch {
    return false;
  }
}

/**
 * Writes the note for a sound file that was closed. A missing note means that this process read the
 * whole file when it opened the file. If the note cannot be written, the next opening reads the
 * whole file.
 */
export function noteCleanClose(path: string, nowMs: number): void {
  try {
    const readAtMs = exists(noteOf(path)) ? readNote(path).readAtMs : nowMs;
    if (!isOpenSomewhere(path)) writePrivateFile(noteOf(path), `${readAtMs} ${looksOf(path)}`);
  } catch {
    // Writing the note may fail without harm: the tracker was temporary and its file is gone, or
    // the folder is read-only.
  }
}

/** Makes the next opening read the whole file. */
export function forgetCleanClose(path: string): void {
  // A temporary tracker has no path.
  if (path === '') return;
  try {
    rmSync(noteOf(path), { force: true });
  } catch {
    // The note stays if its folder is read-only.
  }
}

function readNote(path: string): { readonly readAtMs: number; readonly looks: string } {
  const note = readFileSync(noteOf(path), 'utf8');
  const space = note.indexOf(' ');
  return { readAtMs: Number(note.slice(0, space)), looks: note.slice(space + 1) };
}

/**
 * True if a process has the file open, or died while it changed the file. The last process that
 * closes a file removes its log, and the end of a change removes the rollback journal.
 */
function isOpenSomewhere(path: string): boolean {
  return ['-wal', '-journal'].some((suffix) => exists(path + suffix));
}

/** Unlike `existsSync`, it throws if the file system does not tell whether there is a file. */
export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Returns a text that differs after every change of the file, except after a second change within
 * one tick of the clock.
 */
function looksOf(path: string): string {
  const { ino, size, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${ctimeNs}\n`;
}
