import { SyncError } from '../errors.ts';

/** So many media gone in a row, before a single one was found, is no coincidence. */
const suspicious = 5;

/**
 * Tells media that are gone from an API that moved. While nothing was found, a medium that is gone is only suspected; five of them stop the run
 * with PROVIDER_CHANGED and stay what they were. As soon as one is found, and at the end, the suspects are believed.
 */
export interface GoneMedia {
  found(): Promise<void>;
  /** `believe` records it, now or later. */
  gone(believe: () => Promise<void>): Promise<void>;
  /** After the last medium of a whole run. A slice of one has seen too little: what it suspects stays LISTED, and a full listing tells. */
  settle(): Promise<void>;
}

export function createGoneMedia(): GoneMedia {
  const suspects: (() => Promise<void>)[] = [];
  let anyFound = false;
  async function settle(): Promise<void> {
    for (const believe of suspects.splice(0)) await believe();
  }
  return {
    settle,
    found: async () => {
      anyFound = true;
      await settle();
    },
    gone: async (believe) => {
      if (anyFound) return believe();
      suspects.push(believe);
      if (suspects.length < suspicious) return undefined;
      throw new SyncError(
        'PROVIDER_CHANGED',
        `the provider lists media, but knows none of the first ${suspicious} when asked for their files`,
        {
          hint: 'Nothing was recorded as deleted. Look for a newer version of Cloud Sync; the API has probably changed.',
        },
      );
    },
  };
}
