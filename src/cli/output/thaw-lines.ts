/** Finds out which files of an archive are thawed, and makes the lines that show it. */
import { count, formatBytes, formatDuration } from '../../report/figures.ts';
import type { Ledger } from '../archive/open-ledger.ts';
import { readThawNotes, type ThawNote } from '../archive/thaw-notes.ts';
import type { Context } from '../command.ts';

export interface ThawStatus {
  /** What a person asked for on this machine, oldest first. */
  readonly notes: readonly ThawNote[];
  /** How many files the store thaws now. */
  readonly thawing: number;
  /** How many files in archive classes can be read now. */
  readonly thawed: number;
  /** When the first of these can no longer be read. ISO 8601. Null if the store sets no end. */
  readonly readableUntil: string | null;
}

const hourMs = 3_600_000;

/** Whether files of this thaw may still be readable. S3 may end a day later, and at midnight. */
function mayMatter({ askedAt, hours, days }: ThawNote, nowMs: number): boolean {
  return nowMs < Date.parse(askedAt) + (hours + 24 * (days + 2)) * hourMs;
}

/**
 * Asks the store only if a person has asked it to thaw something whose days are not over, because
 * the answer costs requests. Returns null if nobody has asked for anything. Errors: those of the
 * destination.
 */
export async function thawStatus(
  { destination, tracker }: Pick<Ledger, 'destination' | 'tracker'>,
  { config, interruption: { signal } }: Context,
  nowMs: number,
): Promise<ThawStatus | null> {
  const notes = destination?.thawing ? await readThawNotes(config.home, tracker.archiveId) : [];
  if (!destination?.thawing || notes.length === 0) return null;
  if (!notes.some((note) => mayMatter(note, nowMs))) return { notes, thawing: 0, thawed: 0, readableUntil: null };
  let thawing = 0;
  const ends: string[] = [];
  let thawed = 0;
  for await (const { state, readableUntil } of destination.thawing.frozen(signal)) {
    if (state === 'thawing') thawing += 1;
    if (state === 'thawed') thawed += 1;
    if (state === 'thawed' && readableUntil !== undefined) ends.push(readableUntil);
  }
  return { notes, thawing, thawed, readableUntil: ends.toSorted()[0] ?? null };
}

export function thawLines(status: ThawStatus | null, nowMs: number): readonly (readonly [label: string, text: string])[] {
  const last = status?.notes.at(-1);
  if (!status || !last || status.thawing + status.thawed === 0) return [];
  const { thawing, thawed, readableUntil } = status;
  const ago = formatDuration(Math.max(0, nowMs - Date.parse(last.askedAt)));
  const asked = `last asked ${ago} ago for ${count(last.files, 'file')}, ${formatBytes(last.bytes)}, ready within ${count(last.hours, 'hour')}`;
  const until = readableUntil === null ? '' : `, the first until ${readableUntil.slice(0, 16).replace('T', ' ')} UTC`;
  return [
    ['Thawing', thawing === 0 ? '' : `${count(thawing, 'file')}; ${asked}`],
    ['Thawed', thawed === 0 ? '' : `${count(thawed, 'file')} can be read now${until}`],
  ];
}
