/** After as many free keys in a row the next one is taken to be free. */
const enoughInARow = 8;

/**
 * Whether to look for a file before it is fetched and sent. Most keys are free, and where a store honours conditions the look only costs: the PUT
 * is refused if a file stands there, which is then compared. But where files do stand, as after the tracker was lost, looking spares fetching them.
 */
export interface Looks {
  isWorthwhile(): boolean;
  /** What a look found, or a refused PUT. */
  note(key: 'free' | 'taken'): void;
}

export function createLooks(): Looks {
  let freeInARow = 0;
  return {
    isWorthwhile: () => freeInARow < enoughInARow,
    note: (key) => {
      freeInARow = key === 'free' ? freeInARow + 1 : 0;
    },
  };
}
