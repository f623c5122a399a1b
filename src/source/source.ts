import type { Medium, OfferedOriginal, Provider, Role } from '../media.ts';

/** One page of a listing, newest `createdAt` first. */
export interface ListingPage {
  readonly media: readonly Medium[];
  /** 1-based. */
  readonly page: number;
  /** As this page says; may change on the way. */
  readonly totalPages: number;
  /** The provider's own count of its library, as this page says. */
  readonly totalItems: number;
  /** Entries of the page that could not be read (no id); they are in no other field. */
  readonly unreadable: number;
}

/** What a medium offers now, for the roles asked. */
export interface Resolution {
  /** Whose URLs work now. Never a proxy. */
  readonly originals: readonly OfferedOriginal[];
  /** Originals that exist but are not available yet. */
  readonly unavailable: number;
  /** The medium offers something of value, but only in roles that were not asked for. */
  readonly outOfScope: boolean;
}

/** A provider's library. Every method throws SyncError; none retries for longer than a few minutes. */
export interface Source {
  readonly provider: Provider;
  /** Whose library the credentials open; opaque and stable. */
  readonly account: string;

  /**
   * Checks the credentials with one cheap request and remembers how they have to be sent. Errors: CREDENTIALS_EXPIRED,
   * PROVIDER_DOWN, PROVIDER_CHANGED.
   */
  validate(signal?: AbortSignal): Promise<void>;

  /**
   * Pages from `page` (1-based) up to the last, re-reading the number of pages on each; ends after the last page. Empty pages in
   * the middle are yielded. Errors: CREDENTIALS_EXPIRED (confirmed by a probe), PROVIDER_DOWN, PROVIDER_CHANGED (misshapen).
   */
  list(page: number, signal?: AbortSignal): AsyncIterable<ListingPage>;

  /** One medium as the listing would show it; undefined when the provider no longer has it. Errors as `resolve`. */
  get(mediaId: string, signal?: AbortSignal): Promise<Medium | undefined>;

  /**
   * All originals of one medium in `roles` with fresh URLs. The same file has the same identity at each call. Errors: SOURCE_GONE
   * (the provider no longer has it), API_REFUSED (this medium only), CREDENTIALS_EXPIRED, PROVIDER_DOWN.
   */
  resolve(mediaId: string, roles: readonly Role[], signal?: AbortSignal): Promise<Resolution>;
}
