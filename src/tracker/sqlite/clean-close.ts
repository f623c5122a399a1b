import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Reading a large tracker in full takes longer than a whole run without news. So a note beside the
 * file records its state when it was last closed cleanly. A file that is unchanged since then need
 * not be read again.
 */
const noteOf = (path: string) => `${path}.sound`;

/** A disk that spoils bytes leaves the note unchanged, so a file is read in full once a week. */
const trustedMs = 7 * 24 * 60 * 60_000;

/**
 * Whether the file was read lately, closed cleanly, then unchanged. Call before SQLite opens it.
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
 * Notes the state of a file that was sound until it was closed. If there is no note yet, the file
 * was read just now. A file without a note, or with an old one, is only read once more.
 */
export function noteCleanClose(path: string, nowMs: number): void {
  try {
    const readAtMs = existsSync(noteOf(path)) ? readNote(path).readAtMs : nowMs;
    if (!isOpenSomewhere(path)) writeFileSync(noteOf(path), `${readAtMs} ${looksOf(path)}`);
  } catch {
    // A temporary tracker no longer exists, and a read-only folder keeps no notes.
  }
}

/** Makes the next opening read the whole file. */
export function forgetCleanClose(path: string): void {
  // A temporary tracker has no path.
  if (path === '') return;
  try {
    rmSync(noteOf(path), { force: true });
  } catch {
    // The error that led here says more.
  }
}

function readNote(path: string): { readonly readAtMs: number; readonly looks: string } {
  const note = readFileSync(noteOf(path), 'utf8');
  const space = note.indexOf(' ');
  return { readAtMs: Number(note.slice(0, space)), looks: note.slice(space + 1) };
}

/**
 * True if a process has the file open or died with it. The last one to close it removes its log.
 */
function isOpenSomewhere(path: string): boolean {
  return existsSync(`${path}-wal`);
}

/** Any change of the file changes these, except a second change within one tick of the clock. */
function looksOf(path: string): string {
  const { ino, size, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${ctimeNs}\n`;
}
