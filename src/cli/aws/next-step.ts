import type { ShowCommand } from '../../errors.ts';
import type { RunRecord, Tally } from '../../media.ts';

/**
 * Returns what a person should do next about the service. Returns an empty text if there is nothing
 * to do. `credentialsWrittenAt` is when the secret was last written (ISO 8601), or null or
 * undefined if that time is unknown. No I/O.
 */
export function nextStep(
  { originals, media, lost }: Tally,
  lastRun: RunRecord | undefined,
  credentialsWrittenAt: string | null | undefined,
  show: ShowCommand,
): string {
  // Expired credentials come first, because no other step helps without valid credentials.
  if (lastRun?.outcome === 'expired') {
    return credentialsWrittenAt && Date.parse(credentialsWrittenAt) > Date.parse(lastRun.startedAt)
      ? `${show('aws run')} tries the new credentials`
      : `sign in at gopro.com, renew the credentials with ${show('login gopro')}, then ${show('aws run')}`;
  }
  if (lost > 0) return `${show('aws failures')} names the lost files, ${show('aws accept')} accepts their loss`;
  if (originals.QUARANTINED + media.QUARANTINED > 0)
    return `${show('aws failures')} shows the reasons, ${show('aws retry')} gives the files a fresh start`;
  if (originals.FAILED + media.FAILED > 0) return `${show('aws failures')} shows the reasons; the service tries the files again`;
  return lastRun === undefined ? `${show('aws run')} starts the first run` : '';
}
