import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { listEntries, type ListEntry } from '../output/list-entries.ts';

/** The commands that messages name, each in backquotes. */
export interface AcceptCommands {
  /** Shows what can be accepted. */
  readonly listing: string;
  /** Undoes an acceptance. */
  readonly retry: string;
}

/**
 * Accepts lost, quarantined and disputed entries. A name is a key, or the id of a medium. Returns
 * how many entries are accepted now. Errors: USAGE, before any change, if a name has nothing to
 * accept; TRACKER_UNUSABLE.
 */
export async function acceptNames(tracker: Tracker, names: readonly string[], { listing }: AcceptCommands): Promise<number> {
  const { accepted, refused } = await tracker.accept(names);
  if (refused.length === 0) return accepted;
  const states = await statesOf(tracker, new Set(refused));
  const reasons = refused.map((name) => `${name} ${states.get(name) ?? 'is no key and no medium of this archive'}`);
  throw new SyncError('USAGE', `nothing was accepted: ${reasons.join('; ')}`, { hint: `${listing} shows what can be accepted.` });
}

/** Describes an acceptance for a person. */
export function describeAcceptance(accepted: number, { retry }: AcceptCommands): string {
  const they = accepted === 1 ? 'it no longer makes' : 'they no longer make';
  return `Accepted ${count(accepted, 'entry', 'entries')}: ${they} a run fail. ${retry} undoes this.`;
}

/** Maps each known name to its state and what happens next. */
async function statesOf(tracker: Tracker, names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, Set<string>>();
  for await (const row of tracker.rows()) {
    for (const entry of listEntries(row)) {
      for (const name of [entry.name, entry.mediaId]) {
        if (names.has(name)) states.set(name, (states.get(name) ?? new Set()).add(stateOf(entry)));
      }
    }
  }
  return new Map([...states].map(([name, ofName]) => [name, [...ofName].join(' and ')]));
}

function stateOf({ status }: ListEntry): string {
  return `is ${status}: ${nextSteps[status] ?? 'there is nothing to accept'}`;
}

/** What happens to an entry that cannot be accepted, by its status. */
const nextSteps: Readonly<Record<string, string>> = {
  pending: 'the next run fetches it',
  'in-progress': 'a run fetches it now, or the next run does',
  completed: 'nothing is wrong with it',
  failed: 'the next run tries it again, and after too many failures it can be accepted',
  'source-deleted': 'it was deleted in the cloud before it was archived, and no run fails because of it',
  listed: 'the next run asks for its files',
  resolved: 'only files that were not asked for are not archived',
  waiting: 'the next run asks for it again',
  missing: 'the next run fetches it again',
  damaged: 'the next run fetches it again',
  suspect: 'the next run without --no-prove fetches it once more',
  superseded: 'a later revision replaces it',
};
