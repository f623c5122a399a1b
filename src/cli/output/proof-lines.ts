/** Says how many files are proven and when their bytes were last read, in lines for a status. */
import type { Tally } from '../../media.ts';
import { count, formatDuration } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { lastUnreadable, type Unreadable } from './run-lines.ts';

export interface ProofStatus extends Pick<Tally, 'proofs' | 'oldestReadAt' | 'neverRead'> {
  /** What the last check could not read. Null if every file was read since then. */
  readonly unreadable: Unreadable | null;
}

/** Errors: TRACKER_UNUSABLE. */
export async function proofStatus({ proofs, oldestReadAt, neverRead }: Tally, tracker: Tracker): Promise<ProofStatus> {
  const unreadable = await lastUnreadable(tracker);
  const hasReadAll = neverRead === 0 && oldestReadAt !== null && unreadable !== null && oldestReadAt > unreadable.since;
  return { proofs, oldestReadAt, neverRead, unreadable: hasReadAll ? null : unreadable };
}

/** Makes the lines. `list` is the command to name, in backquotes. */
export function proofLines(
  status: ProofStatus,
  { list, nowMs }: { readonly list: string; readonly nowMs: number },
): readonly (readonly [label: string, text: string])[] {
  return [
    ['Proven', provenLine(status.proofs, list)],
    ['Last read', readLine(status, nowMs)],
    ['Unreadable', unreadableLine(status.unreadable)],
  ];
}

function provenLine({ proven, none, unchecked, disputed }: ProofStatus['proofs'], list: string): string {
  const all = proven + none + unchecked + disputed;
  if (all === 0) return '';
  const others = [
    [none, 'without a usable checksum from the cloud'],
    [unchecked, 'not compared yet'],
    [disputed, `disputed: ${list} names them`],
  ] as const;
  const named = others.filter(([files]) => files > 0).map(([files, what]) => `; ${files.toLocaleString('en')} ${what}`);
  return `${proven.toLocaleString('en')} of ${count(all, 'file')} match the cloud's own checksum${named.join('')}`;
}

function readLine({ oldestReadAt, neverRead }: ProofStatus, nowMs: number): string {
  const unread = neverRead === 0 ? '' : `${count(neverRead, 'file')} never`;
  if (oldestReadAt === null) return unread;
  const age = formatDuration(Math.max(0, nowMs - Date.parse(oldestReadAt)));
  return unread === '' ? `every file in the last ${age}` : `${unread}, every other file in the last ${age}`;
}

function unreadableLine(unreadable: Unreadable | null): string {
  if (unreadable === null) return '';
  const { files, since } = unreadable;
  return `${count(files, 'file')} in the check of ${since}: the store does not show ${files === 1 ? 'its' : 'their'} bytes now`;
}
