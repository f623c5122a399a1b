/** Says for `status` where the credentials of this machine are and how old they are. */
import { ageInDays, warnFromDays } from '../../config/credentials/age.ts';
import { findCredentials, type LoadedCredentials } from '../../config/credentials/load-credentials.ts';
import { briefPatienceMs } from '../../config/credentials/stores.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';

/** The credentials without their secrets, or the reason why they cannot be read. */
export type CredentialsStatus = ReadableCredentials | { readonly problem: string };

interface ReadableCredentials extends Pick<LoadedCredentials, 'origin' | 'lastUpdated'> {
  /** Why stores that may have newer credentials cannot be read. */
  readonly unread: readonly string[];
}

/** Reads the credentials without asking a person for a passphrase, and without waiting long. */
export async function credentialsStatus(config: Config): Promise<CredentialsStatus> {
  try {
    const { credentials, unread } = await findCredentials({
      config,
      warn: () => {},
      promptPassphrase: async () => undefined,
      keychainPatienceMs: briefPatienceMs,
    });
    const { origin, lastUpdated } = credentials;
    return { origin, lastUpdated, unread: unread.map(({ message }) => message) };
  } catch (error) {
    if (error instanceof SyncError) return { problem: error.message };
    throw error;
  }
}

export function credentialsLine(status: CredentialsStatus, nowMs: number): string {
  if ('problem' in status) return status.problem;
  const newer = status.unread.map((problem) => `; there may be newer ones: ${problem}`).join('');
  return ageLine(status, nowMs) + newer;
}

function ageLine(status: ReadableCredentials, nowMs: number): string {
  const days = ageInDays(status, nowMs);
  if (days === undefined) return `from ${status.origin}, so their age is unknown`;
  const age = days < 1 ? 'less than a day' : count(Math.floor(days), 'day');
  const advice = days < warnFromDays ? '' : "; GoPro's cookies last at most 7: renew them with `cloud-sync login gopro`";
  return `${age} old, from ${status.origin}${advice}`;
}
