import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { originalId, type OfferedOriginal } from '../../media.ts';
import type { Resolution } from '../../source/source.ts';

/** Signed URLs are valid for about an hour. After half of that time a URL is renewed before use. */
const freshForMs = 30 * 60_000;

export interface Offer {
  readonly offered: OfferedOriginal;
  /**
   * The number of the resolve that gave this URL. Pass it to `renew` when the URL no longer works.
   */
  readonly generation: number;
}

/** The URLs of one medium. One resolve gives the URLs of all its originals. */
export interface MediumUrls {
  /**
   * The URLs of an original, at most 30 minutes old. `id` is the id of its first revision. Errors:
   * NOT_OFFERED.
   */
  offer(id: string): Promise<Offer>;
  /** Whether the latest resolve offers the original. */
  offers(id: string): boolean;
  /**
   * Resolves the medium again, unless another caller already did so after `generation`. Callers at
   * the same time share one resolve.
   */
  renew(generation: number): Promise<void>;
}

/** Calls `resolve` for each renewal. `resolve` must return what the medium offers at that time. */
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
 * Calls `use` with the current URLs of an original. If the host refuses the URLs, renews them and
 * throws the error.
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
