import { SyncError } from '../../errors.ts';

/** If this many media are missing before the first medium is found, the API must have changed. */
const maxSuspects = 5;

/**
 * Decides whether missing media are gone or the API has changed. Until the first medium is found, a
 * missing medium only counts as a suspect. After five suspects the run stops with PROVIDER_CHANGED,
 * and no status changes. The suspects are recorded as gone when a medium is found, or at the end.
 */
export interface Disappearances {
  found(): Promise<void>;
  /**
   * Call it for a medium that is missing. `record` records that the medium is gone, now or later.
   */
  suspect(record: () => Promise<void>): Promise<void>;
  /**
   * Call it after the last medium of a whole run. Do not call it after one slice of a longer run,
   * because a slice sees too few media. The suspects of a slice stay LISTED.
   */
  confirm(): Promise<void>;
}

export function createDisappearances(): Disappearances {
  const suspects: (() => Promise<void>)[] = [];
  let anyFound = false;
  async function confirm(): Promise<void> {
    for (const record of suspects.splice(0)) await record();
  }
  return {
    confirm,
    found: async () => {
      anyFound = true;
      await confirm();
    },
    suspect: async (record) => {
      if (anyFound) return record();
      suspects.push(record);
      if (suspects.length < maxSuspects) return undefined;
      throw new SyncError(
        'PROVIDER_CHANGED',
        `the provider lists media, but knows none of the first ${maxSuspects} when asked for their files`,
        {
          hint: 'Nothing was recorded as deleted. Look for a newer version of Cloud Sync; the API has probably changed.',
        },
      );
    },
  };
}
