import type { Tracker } from '../../../tracker/tracker.ts';
import { factNames } from '../../contract.ts';
import { decide, parseEpisodes, type Asking, type CredentialEvent, type Decision } from './credential-episodes.ts';

/** Decides what to tell about the credentials and remembers it before it is told. Errors: TRACKER_UNUSABLE. */
export async function tellOf(event: CredentialEvent, asking: Asking, tracker: Tracker): Promise<Decision> {
  const kept = await tracker.getFact(factNames.episode);
  const decision = decide(parseEpisodes(kept), event, asking);
  const next = JSON.stringify(decision.episodes);
  if (next !== kept) await tracker.setFact(factNames.episode, next);
  return decision;
}
