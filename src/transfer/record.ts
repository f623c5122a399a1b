import { asSyncError } from '../errors.ts';
import { foldKey, type Original } from '../media.ts';
import type { Taken } from '../plan/naming.ts';
import { nextRevisions, planOriginals } from '../plan/plan.ts';
import type { Resolution } from '../source/source.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import type { TransferPorts } from './ports.ts';

/** Gives originals their keys and brings them into the tracker, which refuses a key that another has; then they are named again around it. */
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
  /** Adds the keys that others have; false when there is none that was not in `taken` before. */
  async function learnTaken(
    originals: readonly Original[],
    known: readonly TrackedOriginal[],
    taken: Set<string>,
  ): Promise<boolean> {
    const ours = new Set(known.map((row) => row.original.key));
    const before = taken.size;
    for (const { key } of originals) {
      if (!ours.has(key) && (await tracker.keyTaken(key))) taken.add(foldKey(key));
    }
    return taken.size > before;
  }

  return {
    revise: async ({ medium }, original) => {
      const known = await tracker.originals(medium.id);
      const taken = new Set<string>();
      for (;;) {
        const next = nextRevisions({ medium, originals: [original], known, taken: (key) => taken.has(foldKey(key)) });
        if (!(await learnTaken(next, known, taken))) return next[0]!;
      }
    },

    record: async (tracked, resolution, { replaced, proven }) => {
      const { medium } = tracked;
      const { unavailable } = resolution;
      const known = await tracker.originals(medium.id);
      const keys = new Set<string>();
      const taken: Taken = (key) => keys.has(foldKey(key));
      for (;;) {
        const originals = [
          ...planOriginals({ tracked, known, resolution, roles, taken }).originals,
          ...nextRevisions({ medium, originals: replaced.map((row) => row.original), known, taken }),
        ];
        try {
          return await tracker.recordResolution(medium.id, { roles: proven ? roles : [], unavailable, originals });
        } catch (error) {
          // Hardly ever: names carry the medium's id. So it is not asked before.
          if (asSyncError(error).code !== 'KEY_TAKEN' || !(await learnTaken(originals, known, keys))) throw error;
        }
      }
    },
  };
}
