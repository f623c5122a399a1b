import { SyncError } from '../../errors.ts';

/** So many media gone in a row, before a single one was found, is no coincidence. */
const maxSuspects = 5;

/**
 * Tells media that are gone from an API that moved. Until one medium is found, a medium that is
 * gone is only a suspect. Five suspects stop the run with PROVIDER_CHANGED and stay what they were.
 * When one medium is found, and at the end, the suspects are confirmed.
 */
export interface Disappearances {
  found(): Promise<void>;
  /** `record` records that it is gone, now or later. */
  suspect(record: () => Promise<void>): Promise<void>;
  /** After the last medium of a whole run. A slice sees too little: its suspects stay LISTED. */
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
