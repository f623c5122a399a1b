import { asSyncError } from '../errors.ts';
import { foldKey, type Original } from '../media.ts';
import type { Taken } from '../plan/naming.ts';
import { nextRevisions, planOriginals } from '../plan/plan.ts';
import type { Resolution } from '../source/source.ts';
import type { Claim, TrackedMedium, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
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
  /** Gives a claimed original, whose key turned out to hold other content, its next revision. */
  rekey(claim: Claim, tracked: TrackedMedium, original: Original): ReturnType<Tracker['rekey']>;
}

export function createRecorder({ tracker, roles }: Pick<TransferPorts, 'tracker' | 'roles'>): Recorder {
  /**
   * Names originals and records them, and does both again around keys that turn out to be taken. That is hardly ever so, because names carry the
   * medium's id; so nobody is asked before.
   */
  async function withFreeKeys<Result>(
    known: readonly TrackedOriginal[],
    name: (taken: Taken) => readonly Original[],
    write: (originals: readonly Original[]) => Promise<Result>,
  ): Promise<Result> {
    const ours = new Set(known.map((row) => row.original.key));
    const taken = new Set<string>();
    for (;;) {
      const originals = name((key) => taken.has(foldKey(key)));
      try {
        return await write(originals);
      } catch (error) {
        const before = taken.size;
        for (const { key } of asSyncError(error).code === 'KEY_TAKEN' ? originals : []) {
          if (!ours.has(key) && (await tracker.keyTaken(key))) taken.add(foldKey(key));
        }
        if (taken.size === before) throw error;
      }
    }
  }

  return {
    rekey: async (claim, { medium }, original) => {
      const known = await tracker.originals(medium.id);
      return withFreeKeys(
        known,
        (taken) => nextRevisions({ medium, originals: [original], known, taken }),
        ([next]) => tracker.rekey(claim, next!),
      );
    },

    record: async (tracked, resolution, { replaced, proven }) => {
      const { medium } = tracked;
      const { unavailable } = resolution;
      const known = await tracker.originals(medium.id);
      return withFreeKeys(
        known,
        (taken) => [
          ...planOriginals({ tracked, known, resolution, roles, taken }).originals,
          ...nextRevisions({ medium, originals: replaced.map((row) => row.original), known, taken }),
        ],
        (originals) => tracker.recordResolution(medium.id, { roles: proven ? roles : [], unavailable, originals }),
      );
    },
  };
}
