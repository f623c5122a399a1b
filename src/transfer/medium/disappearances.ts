import { SyncError } from '../../errors.ts';

/** If this many media are missing before the first medium is found, the API must have changed. */
const maxSuspects = 5;

/**
 * Decides whether missing media are gone or the API has changed. Until the first medium is found, a
 * missing medium only counts as a suspect. After five suspects the run stops with PROVIDER_CHANGED,
 * and no status changes. The suspects are recorded as gone when a medium is found, or at the end of
 * a whole run.
 */
export interface Disappearances {
  found(): Promise<void>;
  /**
   * Call it for a medium that is missing for the first time. `record` records it, now or later.
   */
  suspect(record: RecordSuspect): Promise<void>;
  /**
   * Call it after the last medium. One slice of a longer run sees too few media, so its suspects
   * are recorded as `denied`, and not as `gone`.
   */
  settle(verdict: Verdict): Promise<void>;
}

export type Verdict = 'gone' | 'denied';
type RecordSuspect = (verdict: Verdict) => Promise<void>;

export function createDisappearances(): Disappearances {
  const suspects: RecordSuspect[] = [];
  let anyFound = false;
  async function settle(verdict: Verdict): Promise<void> {
    for (const record of suspects.splice(0)) await record(verdict);
  }
  return {
    settle,
    found: async () => {
      anyFound = true;
      await settle('gone');
    },
    suspect: async (record) => {
      if (anyFound) return record('gone');
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
