import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * To read a large tracker from end to end takes longer than all that a run without news has to do.
 * So a note beside the file says how it was left when it was last closed and sound; one that nobody
 * has touched since need not be read again.
 */
const noteOf = (path: string) => `${path}.sound`;

/** A disk that spoils bytes leaves the note as it is, so a file is read once a week. */
const trustedMs = 7 * 24 * 60 * 60_000;

/** Whether it was read of late, closed properly, and untouched since. Before SQLite opens it. */
export function wasClosedCleanly(path: string, nowMs: number): boolean {
  try {
    const { readAtMs, looks } = readNote(path);
    return Math.abs(nowMs - readAtMs) < trustedMs && !isOpenSomewhere(path) && looks === looksOf(path);
  } catch {
    return false;
  }
}

/**
 * Notes how a file is left that was sound until it was closed; where there is no note yet, it was
 * read just now. A file without a note, or with an old one, is only read once more.
 */
export function noteCleanClose(path: string, nowMs: number): void {
  try {
    const readAtMs = existsSync(noteOf(path)) ? readNote(path).readAtMs : nowMs;
    if (!isOpenSomewhere(path)) writeFileSync(noteOf(path), `${readAtMs} ${looksOf(path)}`);
  } catch {
    // A temporary tracker is gone by now; a folder that cannot be written keeps no notes.
  }
}

/** The next to open the file reads all of it. */
export function forgetCleanClose(path: string): void {
  // A temporary tracker has no path.
  if (path === '') return;
  try {
    rmSync(noteOf(path), { force: true });
  } catch {
    // What brought us here says more.
  }
}

function readNote(path: string): { readonly readAtMs: number; readonly looks: string } {
  const note = readFileSync(noteOf(path), 'utf8');
  const space = note.indexOf(' ');
  return { readAtMs: Number(note.slice(0, space)), looks: note.slice(space + 1) };
}

/** Or was when its process died: the last one to close it removes its log. */
function isOpenSomewhere(path: string): boolean {
  return existsSync(`${path}-wal`);
}

/** Whoever changes the file changes these, but for a second change within a tick of the clock. */
function looksOf(path: string): string {
  const { ino, size, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${ctimeNs}\n`;
}
