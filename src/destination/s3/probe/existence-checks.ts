/** After this many free keys in a row, we expect that the next key is free too. */
const enoughInARow = 8;

/**
 * Decides whether to check a key before its file is fetched. After many free keys the check is left
 * out, because it costs a request. If the key is taken after all, a store that honours conditions
 * refuses the PUT, and the file at the key is then compared. If many keys are taken, as after the
 * loss of the tracker, a check costs less than fetching a file in vain.
 */
export interface ExistenceChecks {
  isWorthwhile(): boolean;
  /** Records whether a check or a PUT found the key free or taken. */
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
