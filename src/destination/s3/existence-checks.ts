/** After so many free keys in a row, the next key is expected to be free too. */
const enoughInARow = 8;

/**
 * Decides whether to check a key before its file is fetched. Most keys are free, and the check
 * costs a request. A store that honours conditions refuses the PUT if a file has the key, and then
 * that file is compared. But if many files exist already, as after the loss of the tracker, the
 * check saves fetching them.
 */
export interface ExistenceChecks {
  isWorthwhile(): boolean;
  /** Records the result of a check, or of a refused PUT. */
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
