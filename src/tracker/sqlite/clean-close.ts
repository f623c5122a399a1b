import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * To read a large tracker in full takes longer than a whole run that finds nothing new. So a note
 * next to the file records the file's state at its last clean close. A file that is unchanged since
 * then is not read in full again.
 */
const noteOf = (path: string) => `${path}.sound`;

/** The note does not show bytes that the disk spoilt, so a file is read in full once a week. */
const trustedMs = 7 * 24 * 60 * 60_000;

/**
 * Whether the file was read in full lately, was closed cleanly, and is unchanged since then. Call
 * this before SQLite opens the file.
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
 * was just read in full. If this fails, the file is only read in full once more.
 */
export function noteCleanClose(path: string, nowMs: number): void {
  try {
    const readAtMs = existsSync(noteOf(path)) ? readNote(path).readAtMs : nowMs;
    if (!isOpenSomewhere(path)) writeFileSync(noteOf(path), `${readAtMs} ${looksOf(path)}`);
  } catch {
    // A temporary tracker no longer exists, and nothing can be written into a read-only folder.
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
 * Whether a process has the file open, or was killed while it had the file open. The last process
 * that closes the file removes the log.
 */
function isOpenSomewhere(path: string): boolean {
  return existsSync(`${path}-wal`);
}

/**
 * Returns values that change with every change of the file, except a second change within one tick
 * of the clock.
 */
function looksOf(path: string): string {
  const { ino, size, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${ctimeNs}\n`;
}
