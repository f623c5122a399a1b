import { z } from 'zod';
import { SyncError, errorKinds, type ErrorCode } from '../../../errors.ts';
import type { Listing, ListingProgress } from '../../../run/listing.ts';

/** The saved state of a listing. The next slice and the summary of the run read it. */
export interface SavedListing {
  /** The progress of the listing. It is null when every page has been read. */
  readonly progress: ListingProgress | null;
  /** The finished listing. It is null until every page has been read. */
  readonly listing: Listing | null;
  /** How many files of a killed run the first slice published. */
  readonly recovered: number;
}

const pass = z.object({
  ids: z.array(z.string()),
  nextPage: z.int(),
  totalItems: z.int(),
  steady: z.boolean(),
  stalePages: z.number().default(0),
  endless: z.boolean().default(false),
  quick: z.boolean(),
});
const progress = z.object({
  listedBefore: z.int().nullable(),
  seen: z.array(z.string()),
  passes: z.int(),
  pass,
  added: z.int(),
  changed: z.int(),
});
const code = z.custom<ErrorCode>((value) => typeof value === 'string' && value in errorKinds);
const contradiction = z.object({ code, message: z.string(), hint: z.string() });
const listing = z.object({
  mode: z.enum(['quick', 'full']),
  listed: z.int(),
  added: z.int(),
  changed: z.int(),
  gone: z.int(),
  contradiction: contradiction.nullable(),
});
const record = z.object({ progress: progress.nullable(), listing: listing.nullable(), recovered: z.int().default(0) });

export function serialise({ progress, listing, recovered }: SavedListing): string {
  const sets = progress && {
    ...progress,
    seen: [...progress.seen],
    pass: { ...progress.pass, ids: [...progress.pass.ids] },
  };
  const { code, message, hint = '' } = listing?.contradiction ?? {};
  return JSON.stringify({
    progress: sets,
    listing: listing && { ...listing, contradiction: code === undefined ? null : { code, message, hint } },
    recovered,
  } satisfies Record<keyof SavedListing, unknown>);
}

/** Parses a saved state. Errors: those of zod, if the text is not a state that we saved. */
export function deserialise(text: string): SavedListing {
  const { progress, listing, recovered } = record.parse(JSON.parse(text));
  return {
    progress: progress && {
      ...progress,
      seen: new Set(progress.seen),
      pass: { ...progress.pass, ids: new Set(progress.pass.ids) },
    },
    listing: listing && { ...listing, contradiction: listing.contradiction && errorOf(listing.contradiction) },
    recovered,
  };
}

function errorOf({ code, message, hint }: z.infer<typeof contradiction>): SyncError {
  return new SyncError(code, message, { hint });
}
