import type { ShowCommand } from '../../errors.ts';
import type { Tally } from '../../media.ts';
import type { RunRecord } from '../../tracker/tracker.ts';

/**
 * What a person should do about the service; empty: nothing. `credentialsWrittenAt` is when its
 * secret was last written, in ISO 8601, or null or undefined if unknown. Pure.
 */
export function nextStep(
  { originals, media }: Tally,
  lastRun: RunRecord | undefined,
  credentialsWrittenAt: string | null | undefined,
  show: ShowCommand,
): string {
  // Without credentials nothing else helps.
  if (lastRun?.outcome === 'expired') {
    return credentialsWrittenAt && Date.parse(credentialsWrittenAt) > Date.parse(lastRun.startedAt)
      ? `${show('aws run')} tries the credentials that were renewed since the last run`
      : `sign in at gopro.com, renew the credentials with ${show('login gopro')}, then ${show('aws run')}`;
  }
  if (originals.QUARANTINED + media.QUARANTINED > 0)
    return `${show('aws failures')} tells why, ${show('aws retry')} gives them a fresh start`;
  if (originals.FAILED + media.FAILED > 0) return `${show('aws failures')} tells why; the service tries them again`;
  return lastRun === undefined ? `${show('aws run')} starts the first run` : '';
}
