/** Says for `status` where the credentials of this machine are and how old they are. */
import { ageInDays, warnFromDays } from '../../config/credentials/age.ts';
import { loadCredentials, type LoadedCredentials } from '../../config/credentials/load-credentials.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';

/** The credentials without their secrets, or the reason why they cannot be read. */
export type CredentialsStatus = Pick<LoadedCredentials, 'origin' | 'lastUpdated'> | { readonly problem: string };

/** Reads the credentials without asking a person for a passphrase. */
export async function credentialsStatus(config: Config): Promise<CredentialsStatus> {
  try {
    const options = { config, warn: () => {}, promptPassphrase: async () => undefined };
    const { origin, lastUpdated } = await loadCredentials(options);
    return { origin, lastUpdated };
  } catch (error) {
    if (error instanceof SyncError) return { problem: error.message };
    throw error;
  }
}

export function credentialsLine(status: CredentialsStatus, nowMs: number): string {
  if ('problem' in status) return status.problem;
  const days = ageInDays(status, nowMs);
  if (days === undefined) return `from ${status.origin}, so their age is unknown`;
  const age = days < 1 ? 'less than a day' : count(Math.floor(days), 'day');
  const advice = days < warnFromDays ? '' : "; GoPro's cookies last at most 7: renew them with `cloud-sync login gopro`";
  return `${age} old, from ${status.origin}${advice}`;
}
