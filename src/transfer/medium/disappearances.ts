import { SyncError } from '../../errors.ts';

/** If so many media are gone in a row before the first is found, it is no coincidence. */
const maxSuspects = 5;

/**
 * Distinguishes media that are gone from an API that has changed. Until one medium is found, a
 * missing medium is only a suspect. Five suspects stop the run with PROVIDER_CHANGED, and their
 * statuses stay. The suspects are confirmed when one medium is found, or at the end.
 */
export interface Disappearances {
  found(): Promise<void>;
  /** `record` records that the medium is gone, now or later. */
  suspect(record: () => Promise<void>): Promise<void>;
  /**
   * Called after the last medium of a whole run. A slice sees too few media, so its suspects stay
   * LISTED.
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
