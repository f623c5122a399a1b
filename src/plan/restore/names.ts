/**
 * Names the files that are restored into a directory. The same archive gives the same names. No
 * I/O.
 */
import { foldKey } from '../../media.ts';
import { cutToBytes, extensionOf, safeId, safeStem, shortHash } from '../safe-name.ts';
import type { ArchivedFile } from './archived-files.ts';

export interface RestoredName {
  /** A path in the directory, with `/` as the separator. */
  readonly name: string;
  /** Why the file cannot have its own name. Undefined if it has its own name. */
  readonly reason?: string;
}

const notPossible = 'not every file system can hold this name';

/** Names each file by its key. A key that is not possible in the directory gets a safe name. */
export function nameByKeys(files: readonly ArchivedFile[], maxNameBytes: number): ReadonlyMap<string, RestoredName> {
  const named = files.map(({ key }) => ({ key, safe: safePath(key, maxNameBytes) }));
  // A file with a possible name keeps its name, whatever other names become.
  const inOrder = named.toSorted((a, b) => Number(a.safe !== a.key) - Number(b.safe !== b.key) || (a.key < b.key ? -1 : 1));
  const taken = new Set<string>();
  const names = new Map<string, RestoredName>();
  for (const { key, safe } of inOrder) {
    const isTaken = taken.has(foldKey(safe));
    const name = isTaken ? withSuffix(safe, `~${shortHash(key, 8)}`, maxNameBytes) : safe;
    taken.add(foldKey(name));
    if (name === key) names.set(key, { name });
    else names.set(key, { name, reason: isTaken ? 'another file has the name on some file systems' : notPossible });
  }
  return names;
}

function safePath(key: string, maxNameBytes: number): string {
  const segments = key.split('/').map((segment) => safeSegment(segment, maxNameBytes));
  return segments.join('/');
}

/**
 * A legal segment stays unchanged. No safe segment begins with a dot, so none is our own folder.
 */
function safeSegment(segment: string, maxNameBytes: number): string {
  const extension = /\.[a-z0-9]{1,10}$/i.exec(segment)?.[0] ?? '';
  const stem = safeStem(segment.replaceAll(/[/\\]/g, '_')) || '_';
  const name = `${stem}${extension}`;
  return Buffer.byteLength(name) <= maxNameBytes ? name : withSuffix(name, `~${shortHash(segment, 8)}`, maxNameBytes);
}

/**
 * Names each file as the camera did. Files with the same name are numbered in the order of their
 * capture times. `files` has all files of the archive, so that no selection changes a name.
 */
export function nameByCamera(files: readonly ArchivedFile[], maxNameBytes: number): ReadonlyMap<string, RestoredName> {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const names = new Map<string, RestoredName>();
  for (const file of files.toSorted(byTime)) {
    const wanted = withSuffix(cameraName(file), '', maxNameBytes);
    let number = numbers.get(foldKey(wanted)) ?? 1;
    let name = wanted;
    for (; taken.has(foldKey(name)); number += 1) name = withSuffix(wanted, `_${number + 1}`, maxNameBytes);
    taken.add(foldKey(name));
    numbers.set(foldKey(wanted), number);
    const { name: given } = file.medium;
    const isSafe = given === '' || given.replace(/\.[a-z0-9]{1,10}$/i, '') === safeStem(given);
    names.set(file.key, isSafe && Buffer.byteLength(cameraName(file)) <= maxNameBytes ? { name } : { name, reason: notPossible });
  }
  return names;
}

function byTime(a: ArchivedFile, b: ArchivedFile): number {
  const [timeA, timeB] = [a, b].map(({ capturedAt }) => capturedAt ?? '~');
  if (timeA !== timeB) return timeA! < timeB! ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

/**
 * The provider names only the first chapter of a video. The names of the others are made as the
 * camera makes them: GX010123, GX020123, … or GOPR0123, GP010123, ….
 */
function cameraName({ key, medium, itemNumber }: ArchivedFile): string {
  const extension = extensionOf(key) || 'bin';
  const stem = safeStem(medium.name) || (medium.id === '' ? 'file' : safeId(medium.id));
  const own = /\.([a-z0-9]{1,10})$/i.exec(medium.name)?.[1] ?? '';
  const isUpper = own !== '' && own === own.toUpperCase();
  const chapter = /^(?:mp4|360|mov)$/.test(extension) ? (itemNumber ?? 1) : 1;
  return `${chapterStem(stem, chapter)}.${isUpper ? extension.toUpperCase() : extension}`;
}

function chapterStem(stem: string, chapter: number): string {
  if (chapter < 2 || chapter > 99) return stem;
  const [, letters, digits] = /^(G[HXL])01(\d{4})$/i.exec(stem) ?? [];
  if (letters !== undefined) return `${letters}${twoDigits(chapter)}${digits}`;
  const [, old] = /^GOPR(\d{4})$/i.exec(stem) ?? [];
  return old === undefined ? stem : `GP${twoDigits(chapter - 1)}${old}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** Puts a suffix before the extension of a path, and cuts its last segment to `maxNameBytes`. */
function withSuffix(path: string, suffix: string, maxNameBytes: number): string {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const segment = path.slice(folder.length);
  const extension = /\.[a-z0-9]{1,10}$/i.exec(segment)?.[0] ?? '';
  const stem = segment.slice(0, segment.length - extension.length);
  return `${folder}${cutToBytes(stem, maxNameBytes - Buffer.byteLength(suffix + extension))}${suffix}${extension}`;
}
