import { SyncError } from '../errors.ts';
import { ageMs, type Clock } from '../lib/clock.ts';
import type { Report } from '../events.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { ListingPage, Source } from '../source/source.ts';

/**
 * Reads the provider's listing into the tracker, and decides whether the listing can be trusted.
 */

export interface Listing {
  readonly mode: 'quick' | 'full';
  /** How many different media the provider shows. */
  readonly listed: number;
  readonly added: number;
  readonly changed: number;
  /** How many media were in earlier listings and are missing in this one. */
  readonly gone: number;
  /**
   * Set when the pages and the provider's total do not agree. The run still archives the media of
   * the listing, but ends with this error.
   */
  readonly contradiction: SyncError | null;
}

export interface ListingOptions {
  readonly source: Source;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
  readonly runId: string;
  /** Whether to read every page, even if a quick listing would be enough. */
  readonly full: boolean;
  readonly signal: AbortSignal;
}

/** A quick listing does not see changes to old media, so all pages are read once a week. */
const fullListingEveryMs = 7 * 24 * 3_600_000;
/** A full listing is read at most this many times. Then the media that it showed are accepted. */
const maxPasses = 3;

/**
 * A pass ends when its pages without new ids exceed this number. An API may repeat its pages, or
 * send empty ones, forever.
 */
const maxStalePages = 20;
/** A page of which this share is new neither adds to the stale pages nor takes from them. */
const minNewShare = 1 / 4;
/** The number of media on a full page. A provider may send smaller pages. */
const maxPageMedia = 100;
/** A pass ends after this many media, because a total that grows with each page proves nothing. */
const maxMedia = 2_000_000;
/**
 * If the pages show this many more media than the provider counts, and it states more pages than
 * `maxMedia` needs, the pass ends. A wrong total alone ends no pass, because the media may exist.
 */
const maxSurplus = 1_000;

/** One pass over the pages, beginning with the first page. */
interface Pass {
  readonly ids: Set<string>;
  /** The number of the next page to read. Pages count from 1. */
  nextPage: number;
  /** The total number of media that the latest page stated. */
  totalItems: number;
  /** True while the total has stayed the same and every entry could be read. */
  steady: boolean;
  /** The number of pages without new ids, minus those that pages with new ids made up for. */
  stalePages: number;
  /** True when the pass was cut off, because its pages did not end. */
  endless: boolean;
  /** True when the pass stopped early, because all media of the remaining pages are known. */
  quick: boolean;
}

/** The progress of a listing. Another process can continue the listing from it. */
export interface ListingProgress {
  /** How many media the last listing showed. Null means that this listing must be a full one. */
  readonly listedBefore: number | null;
  /** The ids of all media that any pass showed. */
  readonly seen: Set<string>;
  /** How many passes began, including the current one. */
  passes: number;
  pass: Pass;
  added: number;
  changed: number;
}

/**
 * Lists the library, newest first. The listing is quick if the last full listing is less than a
 * week old. A quick listing stops after a page of known, unchanged media, if the provider's total
 * equals the number of known and new media. Otherwise the listing continues and becomes a full one.
 * A full listing is read again if it shows more or fewer media than the provider's total. Errors:
 * the errors of `Source.list`, and LISTING_UNTRUSTED if the listing is empty although media are
 * known.
 */
export async function list(options: ListingOptions): Promise<Listing> {
  const progress = await beginListing(options);
  for (;;) {
    const listing = await listSlice(options, progress, () => false);
    if (listing) return listing;
  }
}

export async function beginListing({ source, tracker, clock, report, full }: ListingOptions): Promise<ListingProgress> {
  const state = await tracker.listingState(source.account);
  const recentMs = ageMs(state.lastFullAt, clock.now()) ?? Infinity;
  const mayBeQuick = !full && recentMs < fullListingEveryMs;
  report({ type: 'listing.started', mode: mayBeQuick ? 'quick' : 'full' });
  return { listedBefore: mayBeQuick ? state.listed : null, seen: new Set(), passes: 1, pass: newPass(), added: 0, changed: 0 };
}

function newPass(): Pass {
  return { ids: new Set(), nextPage: 1, totalItems: 0, steady: true, stalePages: 0, endless: false, quick: false };
}

/**
 * Continues a listing from `progress`, and updates `progress`. Returns undefined if `isOver`
 * returned true after a page that was not the last one. Errors: the same as of `list`.
 */
export async function listSlice(
  options: ListingOptions,
  progress: ListingProgress,
  isOver: () => boolean,
): Promise<Listing | undefined> {
  for (;;) {
    if (!(await readPages(options, progress, isOver))) return undefined;
    const { pass, seen, passes } = progress;
    if (pass.ids.size === 0) await refuseEmpty(options.tracker, pass);
    const complete = pass.steady && !pass.endless && (pass.ids.size === pass.totalItems || seen.size === pass.totalItems);
    if (pass.quick || complete || pass.endless || passes === maxPasses) return finish(options, progress, complete);
    progress.passes += 1;
    progress.pass = newPass();
  }
}

/**
 * Reads pages to the end of the pass. Returns false if `isOver` returned true before the last page.
 */
async function readPages(options: ListingOptions, progress: ListingProgress, isOver: () => boolean): Promise<boolean> {
  const { pass } = progress;
  const { source, tracker, report, runId, signal } = options;
  for await (const page of source.list(pass.nextPage, signal)) {
    if (pass.nextPage > 1 && page.totalItems !== pass.totalItems) pass.steady = false;
    if (page.unreadable > 0) pass.steady = false;
    pass.totalItems = page.totalItems;
    const idsBefore = pass.ids.size;
    const changes = await tracker.recordPage(page.media, runId);
    progress.added += changes.added;
    progress.changed += changes.changed;
    for (const { id } of page.media) {
      pass.ids.add(id);
      progress.seen.add(id);
    }
    pass.stalePages = Math.max(0, pass.stalePages + staleness(page, pass.ids.size - idsBefore));
    pass.nextPage = page.page + 1;
    report({ type: 'listing.page', page: page.page, totalPages: page.totalPages, media: page.media.length });
    const isKnown = page.media.length > 0 && changes.unchanged === page.media.length;
    if (isKnown && mayEnd(progress)) {
      pass.quick = page.page < page.totalPages;
      return true;
    }
    if (page.page < page.totalPages) {
      pass.endless = isEndless(pass, page.totalPages);
      if (pass.endless) return true;
      if (isOver()) return false;
    }
  }
  return true;
}

/**
 * Returns 1 for a page without new ids, 0 for a page with the smallest share, and less for more.
 */
function staleness({ media, totalItems, totalPages }: ListingPage, newIds: number): number {
  const expected = Math.max(1, media.length, Math.min(maxPageMedia, totalItems / Math.max(1, totalPages)));
  return 1 - newIds / expected / minNewShare;
}

function isEndless({ ids, totalItems, stalePages }: Pass, totalPages: number): boolean {
  const isInvented = ids.size > totalItems + maxSurplus && totalPages > maxMedia / maxPageMedia;
  return stalePages > maxStalePages || isInvented || ids.size > maxMedia;
}

/** Whether a quick listing may end. The total must equal the number of known and new media. */
function mayEnd({ listedBefore, passes, pass, added }: ListingProgress): boolean {
  return listedBefore !== null && passes === 1 && pass.steady && pass.totalItems === listedBefore + added;
}

async function refuseEmpty(tracker: Tracker, pass: Pass): Promise<void> {
  const known = await tracker.knownCount();
  if (known === 0 && pass.totalItems === 0) return;
  throw new SyncError(
    'LISTING_UNTRUSTED',
    `the provider lists no media (and says there are ${pass.totalItems}), although ${known} are known`,
    {
      hint: 'Nothing was transferred or changed. Check in a browser that the library is not empty, and that the credentials belong to the right account.',
    },
  );
}

async function finish(options: ListingOptions, progress: ListingProgress, complete: boolean): Promise<Listing> {
  const { pass, added, changed, seen } = progress;
  const { source, tracker, runId, report } = options;
  const trusted = pass.quick || complete;
  const listed = trusted ? pass.totalItems : seen.size;
  const gone = trusted ? await tracker.finishListing({ account: source.account, runId, complete: !pass.quick, listed }) : 0;
  const mode = pass.quick ? 'quick' : 'full';
  if (gone > 10 && gone > listed) warnOfShrinking(gone, listed, report);
  report({ type: 'listing.finished', mode, listed, added, changed, gone, consistent: trusted });
  return { mode, listed, added, changed, gone, contradiction: trusted ? null : contradictionOf(pass, seen.size) };
}

function contradictionOf({ endless, totalItems, nextPage }: Pass, shown: number): SyncError {
  const message = endless
    ? `the listing did not end: its first ${nextPage - 1} pages show ${shown} media, and the provider says it has ${totalItems}`
    : `the provider says it has ${totalItems} media, but its pages show ${shown}`;
  return new SyncError('LISTING_UNTRUSTED', message, {
    hint: 'The media of the listing are archived. If this continues for days, compare the library in a browser with `cloud-sync status`.',
  });
}

/**
 * Warns of missing media: the account may be the wrong one, or its library may have been emptied.
 */
function warnOfShrinking(gone: number, listed: number, report: Report): void {
  report({
    type: 'warning',
    message: `the provider no longer lists ${gone} media that it listed before; ${listed} are left`,
    hint: 'Their archived files stay. Check in a browser that this is what you expect, and that the credentials belong to the right account.',
  });
}
