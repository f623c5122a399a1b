import { foldKey, type Original } from '../media.ts';
import type { Taken } from '../plan/naming.ts';
import { nextRevisions, planOriginals } from '../plan/plan.ts';
import type { Resolution } from '../source/source.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import type { TransferPorts } from './ports.ts';

/** Gives originals their keys and brings them into the tracker, one medium at a time so that no two get the same key. */
export interface Recorder {
  /**
   * Records a resolve; each of `replaced` gets a next revision. While it is not `proven` that nothing else changed, the medium is resolved for no role, so
   * that also a run that is killed now leaves it to be compared again. Returns all rows of the medium.
   */
  record(
    tracked: TrackedMedium,
    resolution: Resolution,
    compared: { readonly replaced: readonly TrackedOriginal[]; readonly proven: boolean },
  ): Promise<readonly TrackedOriginal[]>;
  /** The next revision of an original whose key turned out to be taken. */
  revise(tracked: TrackedMedium, original: Original): Promise<Original>;
}

export function createRecorder({ tracker, roles }: Pick<TransferPorts, 'tracker' | 'roles'>): Recorder {
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  }

  /** Naming is pure and the tracker answers later: so name, ask which names are taken, and name again around those. */
  async function withFreeKeys(
    known: readonly TrackedOriginal[],
    name: (taken: Taken) => readonly Original[],
  ): Promise<readonly Original[]> {
    const ours = new Set(known.map((row) => row.original.key));
    const taken = new Set<string>();
    for (;;) {
      const originals = name((key) => taken.has(foldKey(key)));
      const before = taken.size;
      for (const { key } of originals) {
        if (!ours.has(key) && (await tracker.keyTaken(key))) taken.add(foldKey(key));
      }
      if (taken.size === before) return originals;
    }
  }

  return {
    revise: ({ medium }, original) =>
      inTurn(async () => {
        const known = await tracker.originals(medium.id);
        const [next] = await withFreeKeys(known, (taken) => nextRevisions({ medium, originals: [original], known, taken }));
        return next!;
      }),
    record: (tracked, resolution, { replaced, proven }) =>
      inTurn(async () => {
        const { medium } = tracked;
        const known = await tracker.originals(medium.id);
        const originals = await withFreeKeys(known, (taken) => [
          ...planOriginals({ tracked, known, resolution, roles, taken }).originals,
          ...nextRevisions({ medium, originals: replaced.map((row) => row.original), known, taken }),
        ]);
        const { unavailable } = resolution;
        return tracker.recordResolution(medium.id, { roles: proven ? roles : [], unavailable, originals });
      }),
  };
}
