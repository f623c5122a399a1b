import type { Medium, OfferedOriginal, Provider, Role } from '../media.ts';
import type { ContentClaim } from '../proof/claim.ts';

/** One page of a listing. Its media are sorted by `createdAt`, newest first. */
export interface ListingPage {
  readonly media: readonly Medium[];
  /** The number of this page. Pages count from 1. */
  readonly page: number;
  /** The number of pages that this page states. It may change during a listing. */
  readonly totalPages: number;
  /** The number of media in the whole library, as this page states it. */
  readonly totalItems: number;
  /**
   * How many entries of the page could not be read, because they have no id. No other field counts
   * them.
   */
  readonly unreadable: number;
}

/** What a medium offers now, in the requested roles. */
export interface Resolution {
  /** The originals that have a working URL now. None of them is a proxy. */
  readonly originals: readonly OfferedOriginal[];
  /** The number of originals that exist but are not available yet. */
  readonly unavailable: number;
  /** True if the medium offers originals, but none in the requested roles. */
  readonly outOfScope: boolean;
}

/**
 * A provider's library. Every method throws only SyncError, and retries for a few minutes at most.
 */
export interface Source {
  readonly provider: Provider;
  /** The account that owns the library. It is opaque and does not change. */
  readonly account: string;

  /**
   * Checks the credentials with one cheap request, and remembers how to send them. Errors:
   * CREDENTIALS_EXPIRED, PROVIDER_DOWN, PROVIDER_CHANGED.
   */
  validate(signal?: AbortSignal): Promise<void>;

  /**
   * Yields the pages from `page` to the last one. Pages count from 1. The number of pages is read
   * again from each page. An empty page before the last one is yielded too. Errors:
   * CREDENTIALS_EXPIRED (confirmed by a probe), PROVIDER_DOWN, PROVIDER_CHANGED (misshapen).
   */
  list(page: number, signal?: AbortSignal): AsyncIterable<ListingPage>;

  /**
   * One medium as the listing would show it. Undefined if the provider no longer has it. Errors:
   * those of `resolve`.
   */
  get(mediaId: string, signal?: AbortSignal): Promise<Medium | undefined>;

  /**
   * All originals of one medium in `roles`, with fresh URLs. Each call gives the same file the same
   * identity. Errors: SOURCE_GONE (the provider no longer has the medium), API_REFUSED (the API
   * refused only this medium), CREDENTIALS_EXPIRED, PROVIDER_DOWN.
   */
  resolve(mediaId: string, roles: readonly Role[], signal?: AbortSignal): Promise<Resolution>;

  /**
   * Returns what the headers of a media host's reply claim of the whole file, or null if they claim
   * nothing. Header names are in lower case. The method is absent if only `resolve` shows claims.
   */
  claimIn?(headers: Readonly<Record<string, string>>): ContentClaim | null;
}
