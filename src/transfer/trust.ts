import { partSizesOf, wayOf, type ClaimPartBytes, type ContentClaim } from '../proof/claim.ts';
import { addWay, losesTrust, provenWaysFact, sizesOf, waysFor, waysIn, type WayCount } from '../proof/trust.ts';
import type { Tracker } from '../tracker/tracker.ts';

/** Learns during a run which claims of an account can be trusted, and keeps it in the tracker. */
export interface Trust {
  /** The part sizes that proved files of the account, newest first. */
  provenSizes(account: string): Promise<readonly ClaimPartBytes[]>;
  /**
   * Returns the way that makes a claim trustworthy: other files of the account that were stored in
   * this way have proven claims. Undefined if there is no such way, or if it lost its trust.
   */
  wayFor(account: string, claim: ContentClaim, sizeBytes: number): Promise<string | undefined>;
  /** Returns all trusted ways that the claim has with one of the part sizes. */
  waysFor(account: string, claim: ContentClaim, sizes: readonly ClaimPartBytes[]): Promise<readonly string[]>;
  noteProven(account: string, claim: ContentClaim, partBytes: ClaimPartBytes): Promise<void>;
  noteDisputed(way: string): void;
  /** Whether an original may wait for other files. Each original may wait once, and only a few. */
  mayPostpone(id: string): boolean;
}

/**
 * Waiting costs a request or, for a small file, the whole file. So only this many originals wait.
 */
const maxPostponed = 4;

export function createTrust(tracker: Pick<Tracker, 'getFact' | 'setFact'>): Trust {
  const counts = new Map<string, WayCount>();
  const postponed = new Set<string>();
  let fact: Promise<string | undefined> | undefined;
  let writing = Promise.resolve();
  const load = async () => (fact ??= tracker.getFact(provenWaysFact));
  const count = (way: string, disputed: 0 | 1) => {
    const before = counts.get(way) ?? { compared: 0, disputed: 0 };
    counts.set(way, { compared: before.compared + 1, disputed: before.disputed + disputed });
  };
  const isTrusted = (way: string) => !losesTrust(counts.get(way) ?? { compared: 0, disputed: 0 });
  const keepWay = async (account: string, way: string): Promise<void> => {
    if (waysIn(await load(), account).includes(way)) return;
    // Another process may have written the fact meanwhile.
    const text = addWay(await tracker.getFact(provenWaysFact), account, way);
    await tracker.setFact(provenWaysFact, text);
    fact = Promise.resolve(text);
  };
  const trustedWays: Trust['waysFor'] = async (account, claim, sizes) => {
    const find = async () => waysFor(claim, sizes, waysIn(await load(), account).filter(isTrusted));
    const known = await find();
    if (known.length > 0) return known;
    // Another process may have learned more.
    fact = undefined;
    return find();
  };
  return {
    provenSizes: async (account) => sizesOf(waysIn(await load(), account)),
    wayFor: async (account, claim, sizeBytes) => (await trustedWays(account, claim, partSizesOf(claim, sizeBytes)))[0],
    waysFor: trustedWays,
    noteProven: async (account, claim, partBytes) => {
      const way = wayOf(claim, partBytes);
      count(way, 0);
      writing = writing.catch(() => {}).then(async () => keepWay(account, way));
      await writing;
    },
    noteDisputed: (way) => count(way, 1),
    mayPostpone: (id) => {
      if (postponed.has(id) || postponed.size >= maxPostponed) return false;
      postponed.add(id);
      return true;
    },
  };
}
