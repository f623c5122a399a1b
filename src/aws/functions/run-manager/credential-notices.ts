import type { Tracker } from '../../../tracker/tracker.ts';
import { factNames } from '../../contract.ts';
import { decide, parseEpisodes, type Asking, type CredentialEvent, type Decision } from './credential-episodes.ts';

/**
 * Decides which notices about the credentials are due, and records these notices before they are
 * sent. Errors: TRACKER_UNUSABLE.
 */
export async function dueNotices(event: CredentialEvent, asking: Asking, tracker: Tracker): Promise<Decision> {
  const kept = await tracker.getFact(factNames.episode);
  const decision = decide(parseEpisodes(kept), event, asking);
  const next = JSON.stringify(decision.episodes);
  if (next !== kept) await tracker.setFact(factNames.episode, next);
  return decision;
}
