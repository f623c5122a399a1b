import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { originalId, type OfferedOriginal } from '../../media.ts';
import type { Resolution } from '../../source/source.ts';

/** Signed URLs are valid for about an hour. Half of that leaves time to use one. */
const freshForMs = 30 * 60_000;

export interface Offer {
  readonly offered: OfferedOriginal;
  /** The resolve that gave this URL. `renew` gets it when the URL no longer works. */
  readonly generation: number;
}

/** The URLs of one medium. One resolve serves all of its originals. */
export interface MediumUrls {
  /**
   * An original's URLs by the id of its first revision, at most 30 minutes old. Errors:
   * NOT_OFFERED.
   */
  offer(id: string): Promise<Offer>;
  /** Whether the latest resolve offers an original. */
  offers(id: string): boolean;
  /**
   * Resolves again, unless another caller did since `generation`. Simultaneous callers share one
   * resolve.
   */
  renew(generation: number): Promise<void>;
}

/** `resolve` is called for each renewal. It must return what the medium offers now. */
export function createMediumUrls(first: Resolution, resolve: () => Promise<Resolution>, clock: Clock): MediumUrls {
  let current = indexById(first);
  let generation = 0;
  let resolvedAtMs = clock.elapsed();
  let renewal: Promise<void> | undefined;

  async function renew(dead: number): Promise<void> {
    if (dead !== generation) return;
    renewal ??= resolve()
      .then((resolution) => {
        current = indexById(resolution);
        generation += 1;
        resolvedAtMs = clock.elapsed();
      })
      .finally(() => (renewal = undefined));
    await renewal;
  }

  return {
    renew,
    offers: (id) => current.has(id),
    offer: async (id) => {
      if (clock.elapsed() - resolvedAtMs > freshForMs) await renew(generation);
      const offered = current.get(id);
      if (!offered) throw new SyncError('NOT_OFFERED', 'the medium no longer offers this original');
      return { offered, generation };
    },
  };
}

function indexById(resolution: Resolution): Map<string, OfferedOriginal> {
  return new Map(resolution.originals.map((offered) => [originalId(offered, 1), offered]));
}

/**
 * Runs `use` with the current URLs of an original. If they are refused, renews them and throws the
 * error.
 */
export async function withFreshUrls<Result>(
  urls: MediumUrls,
  offerId: string,
  use: (offered: OfferedOriginal) => Promise<Result>,
): Promise<Result> {
  const { offered, generation } = await urls.offer(offerId);
  try {
    return await use(offered);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'URL_REFUSED') await urls.renew(generation);
    throw error;
  }
}
