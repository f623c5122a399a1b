import type { Tally } from '../../media.ts';
import type { RunRecord } from '../../tracker/tracker.ts';

/**
 * What a person is to do about a service that stands like this, as for prod; empty: nothing. `credentialsWrittenAt` is when its secret was last
 * written, in ISO 8601, or null or undefined where that is not known. Pure.
 */
export function nextStep(
  { originals, media }: Tally,
  lastRun: RunRecord | undefined,
  credentialsWrittenAt: string | null | undefined,
): string {
  // Without credentials nothing else helps.
  if (lastRun?.outcome === 'expired') {
    return credentialsWrittenAt && Date.parse(credentialsWrittenAt) > Date.parse(lastRun.startedAt)
      ? '`cloud-sync aws run` tries the credentials that were renewed since the last run'
      : 'sign in at gopro.com, renew the credentials with `cloud-sync login gopro`, then `cloud-sync aws run`';
  }
  if (originals.QUARANTINED + media.QUARANTINED > 0)
    return '`cloud-sync aws failures` tells why, `cloud-sync aws retry` gives them a fresh start';
  if (originals.FAILED + media.FAILED > 0) return '`cloud-sync aws failures` tells why; the service tries them again';
  return lastRun === undefined ? '`cloud-sync aws run` starts the first run' : '';
}
