import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Report } from '../report/events.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { Source } from './source.ts';

/** Brings the provider's listing into the tracker, and tells whether it can be believed. */

export interface Listing {
  readonly mode: 'quick' | 'full';
  /** Distinct media that the provider still shows. */
  readonly listed: number;
  readonly added: number;
  readonly changed: number;
  /** Media that this listing newly misses. */
  readonly gone: number;
  /** Set when the listing contradicts itself: what was listed may be archived, but the run must end with this. */
  readonly contradiction: SyncError | null;
}

export interface ListingOptions {
  readonly source: Source;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
  readonly runId: string;
  /** Never stop early. */
  readonly full: boolean;
  readonly signal: AbortSignal;
}

/** A quick listing sees no changes to old media, so every week all pages are read. */
const fullListingEveryMs = 7 * 24 * 3_600_000;
/** Listings tried before a contradiction is believed. */
const mostPasses = 3;

/** An API that promises pages without end must not hold a run without end. */
const mostEmptyPages = 20;

/** One reading of the pages, from the first on. */
interface Pass {
  readonly ids: Set<string>;
  added: number;
  changed: number;
  totalItems: number;
  /** The total stayed the same and every entry could be read. */
  steady: boolean;
  /** Ended early, because the rest is known. */
  quick: boolean;
}

/**
 * Newest first. Quick when the last full listing is recent: stops after a page of known, unchanged media if the provider's total is
 * what was known plus what is new; else reads on, and is a full one. A full listing whose distinct media are not as many as the
 * provider says is read again. Errors: those of `Source.list`; LISTING_UNTRUSTED for an empty listing of a library with known media.
 */
export async function list(options: ListingOptions): Promise<Listing> {
  const { source, tracker, report } = options;
  const state = await tracker.listingState(source.account);
  const recentMs = state.lastFullAt === null ? Infinity : options.clock.now() - Date.parse(state.lastFullAt);
  // A date in the future comes from a clock that was wrong.
  const mayBeQuick = !options.full && recentMs >= 0 && recentMs < fullListingEveryMs;
  report({ type: 'listing.started', mode: mayBeQuick ? 'quick' : 'full' });

  const union = new Set<string>();
  const sums = { added: 0, changed: 0 };
  for (let count = 1; ; count += 1) {
    const pass = await readPages(options, mayBeQuick && count === 1 ? state.listed : null);
    sums.added += pass.added;
    sums.changed += pass.changed;
    for (const id of pass.ids) union.add(id);
    if (pass.ids.size === 0) await refuseEmpty(tracker, pass);
    const complete = pass.steady && (pass.ids.size === pass.totalItems || union.size === pass.totalItems);
    if (!pass.quick && !complete && count < mostPasses) continue;
    return finish(options, { pass, ...sums, complete, seen: union.size });
  }
}

async function readPages(options: ListingOptions, knownListed: number | null): Promise<Pass> {
  const pass: Pass = { ids: new Set(), added: 0, changed: 0, totalItems: 0, steady: true, quick: false };
  let first = true;
  let emptyPages = 0;
  for await (const page of options.source.list(1, options.signal)) {
    if (!first && page.totalItems !== pass.totalItems) pass.steady = false;
    if (page.unreadable > 0) pass.steady = false;
    emptyPages = page.media.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > mostEmptyPages) break;
    pass.totalItems = page.totalItems;
    const changes = await options.tracker.recordPage(page.media, options.runId);
    pass.added += changes.added;
    pass.changed += changes.changed;
    for (const medium of page.media) pass.ids.add(medium.id);
    options.report({ type: 'listing.page', page: page.page, totalPages: page.totalPages, media: page.media.length });
    const nothingNew = page.media.length > 0 && changes.unchanged === page.media.length;
    if (knownListed !== null && pass.steady && nothingNew && page.totalItems === knownListed + pass.added) {
      pass.quick = page.page < page.totalPages;
      break;
    }
    first = false;
  }
  return pass;
}

async function refuseEmpty(tracker: Tracker, pass: Pass): Promise<void> {
  const known = await tracker.knownCount();
  if (known === 0 && pass.totalItems === 0) return;
  throw new SyncError(
    'LISTING_UNTRUSTED',
    `the provider lists no media (and says there are ${pass.totalItems}), although ${known} are known`,
    {
      hint: 'Nothing was transferred or changed. Check the library in a browser, and that the credentials are of the right account.',
    },
  );
}

async function finish(
  options: ListingOptions,
  end: {
    readonly pass: Pass;
    readonly added: number;
    readonly changed: number;
    readonly complete: boolean;
    readonly seen: number;
  },
): Promise<Listing> {
  const { pass, added, changed, complete } = end;
  const { source, tracker, runId, report } = options;
  const trusted = pass.quick || complete;
  const listed = trusted ? pass.totalItems : end.seen;
  const gone = trusted ? await tracker.finishListing({ account: source.account, runId, complete: !pass.quick, listed }) : 0;
  const mode = pass.quick ? 'quick' : 'full';
  if (gone > 10 && gone > listed) warnOfShrinking(gone, listed, report);
  report({ type: 'listing.finished', mode, listed, added, changed, gone, consistent: trusted });
  const contradiction = trusted
    ? null
    : new SyncError('LISTING_UNTRUSTED', `the provider says it has ${pass.totalItems} media, but its pages show ${end.seen}`, {
        hint: 'What was listed is archived. If this stays for days, compare the library in a browser with `cloud-sync status`.',
      });
  return { mode, listed, added, changed, gone, contradiction };
}

/** Nothing is ever deleted from the archive, so this is for the person: the wrong account, or a library that was emptied. */
function warnOfShrinking(gone: number, listed: number, report: Report): void {
  report({
    type: 'warning',
    message: `the provider no longer lists ${gone} media that it listed before; ${listed} are left`,
    hint: 'What was archived of them stays. Check in a browser that this is what you expect, and that the credentials are of the right account.',
  });
}
