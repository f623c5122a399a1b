import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * To read a large tracker from end to end takes longer than all that a run without news has to do. So a note beside the file says how it was
 * left when it was last closed and sound; one that nobody has touched since need not be read again.
 */
const noteOf = (path: string) => `${path}.sound`;

/** True when the file was closed properly, sound, and not written, cut, replaced or moved since. Asked before SQLite opens it. */
export function isAsLeft(path: string): boolean {
  try {
    return !isOpenSomewhere(path) && readFileSync(noteOf(path), 'utf8') === looksOf(path);
  } catch {
    return false;
  }
}

/** Notes how a file is left that was sound until it was closed. One that has no note, or an old one, is only read once more. */
export function noteAsLeft(path: string): void {
  try {
    if (!isOpenSomewhere(path)) writeFileSync(noteOf(path), looksOf(path));
  } catch {
    // A temporary tracker is gone by now; a folder that cannot be written keeps no notes.
  }
}

/** The next to open the file reads all of it. */
export function forgetAsLeft(path: string): void {
  rmSync(noteOf(path), { force: true });
}

/** Or was when its process died: the last one to close it removes its log. */
function isOpenSomewhere(path: string): boolean {
  return existsSync(`${path}-wal`);
}

/** A change of the content always changes these, and nobody can set the time of the last change. */
function looksOf(path: string): string {
  const { ino, size, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${ctimeNs}\n`;
}
