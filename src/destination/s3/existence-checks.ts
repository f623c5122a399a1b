/** After this many free keys in a row we expect the next one to be free too. */
const enoughInARow = 8;

/**
 * Whether to look for a file at its key before it is fetched and sent. Most keys are free, and if
 * the store honours conditions the check only costs a request: the PUT is refused if a file has the
 * key, and that file is then compared. But where files exist already, as after the tracker was
 * lost, the check saves fetching them.
 */
export interface ExistenceChecks {
  isWorthwhile(): boolean;
  /** What a check found, or a refused PUT. */
  note(key: 'free' | 'taken'): void;
}

export function createExistenceChecks(): ExistenceChecks {
  let freeInARow = 0;
  return {
    isWorthwhile: () => freeInARow < enoughInARow,
    note: (key) => {
      freeInARow = key === 'free' ? freeInARow + 1 : 0;
    },
  };
}
