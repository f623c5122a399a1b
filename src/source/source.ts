import type { Medium, OfferedOriginal, Provider, Role } from '../media.ts';

/** One page of a listing. Media are newest first, by `createdAt`. */
export interface ListingPage {
  readonly media: readonly Medium[];
  /** Counts from 1. */
  readonly page: number;
  /** The number that this page states. It may change during a listing. */
  readonly totalPages: number;
  /** The provider's count of its whole library, as this page states it. */
  readonly totalItems: number;
  /**
   * Entries of the page that could not be read, because they have no id. No other field includes
   * them.
   */
  readonly unreadable: number;
}

/** What a medium offers now, in the requested roles. */
export interface Resolution {
  /** Originals whose URLs work now. None is a proxy. */
  readonly originals: readonly OfferedOriginal[];
  /** Originals that exist but are not available yet. */
  readonly unavailable: number;
  /** True when the medium offers originals, but only in roles that were not requested. */
  readonly outOfScope: boolean;
}

/**
 * A provider's library. Every method throws SyncError, and none retries for more than a few
 * minutes.
 */
export interface Source {
  readonly provider: Provider;
  /** The account that owns the library; opaque and stable. */
  readonly account: string;

  /**
   * Checks the credentials with one cheap request, and remembers how to send them. Errors:
   * CREDENTIALS_EXPIRED, PROVIDER_DOWN, PROVIDER_CHANGED.
   */
  validate(signal?: AbortSignal): Promise<void>;

  /**
   * The pages from `page` (which counts from 1) to the last. Each page updates the number of pages.
   * Empty pages in the middle are yielded. Errors: CREDENTIALS_EXPIRED (confirmed by a probe),
   * PROVIDER_DOWN, PROVIDER_CHANGED (misshapen).
   */
  list(page: number, signal?: AbortSignal): AsyncIterable<ListingPage>;

  /**
   * One medium as the listing would show it; undefined when the provider no longer has it. Errors:
   * those of `resolve`.
   */
  get(mediaId: string, signal?: AbortSignal): Promise<Medium | undefined>;

  /**
   * All originals of one medium in `roles`, with fresh URLs. Each call gives the same file the same
   * identity. Errors: SOURCE_GONE (the provider no longer has the medium), API_REFUSED (only this
   * medium), CREDENTIALS_EXPIRED, PROVIDER_DOWN.
   */
  resolve(mediaId: string, roles: readonly Role[], signal?: AbortSignal): Promise<Resolution>;
}
