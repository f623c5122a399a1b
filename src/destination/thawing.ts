import type { ThawTier } from '../media.ts';

/** A file in an archive class. Its bytes can be read only after it was thawed. */
export interface FrozenFile {
  readonly key: string;
  readonly sizeBytes: number;
  /** The store's name of the class, such as `DEEP_ARCHIVE`. */
  readonly storageClass: string;
  /**
   * `thawing`: somebody asked for the file, and it cannot be read yet. `thawed`: it can be read
   * until `readableUntil`.
   */
  readonly state: 'frozen' | 'thawing' | 'thawed';
  /** ISO 8601. Absent if the store shows no end. */
  readonly readableUntil?: string;
}

/** How to thaw a file. */
export interface ThawWish {
  readonly tier: ThawTier;
  /** For how many days the file can then be read. */
  readonly days: number;
}

/** What it takes to thaw a file. */
export interface ThawTerms {
  /** The price of the request, of the retrieval and of the readable copy, in USD. */
  readonly usd: number;
  /** The price of sending the bytes over the internet afterwards, in USD. */
  readonly sendingUsd: number;
  /** After how many hours the file can be read, at the latest. */
  readonly hours: number;
}

/** How to read files in archive classes. */
export interface Thawing {
  /** Says which prices `terms` uses. */
  readonly prices: string;
  /**
   * Yields every file that is in an archive class now, thawed or not. With `only`, the other files
   * are left out, because each file may cost a request.
   */
  frozen(signal: AbortSignal, only?: Pick<ReadonlySet<string>, 'has'>): AsyncIterable<FrozenFile>;
  /** Computes what it takes to thaw a file. Undefined if no price of its class is known. */
  terms(file: FrozenFile, wish: ThawWish): ThawTerms | undefined;
  /**
   * Asks the store to thaw a file, which costs money. `thawing`: somebody asked for it already.
   * `thawed`: it can be read now, and stays readable for at least `days` days. Errors:
   * FILE_MISSING, STORE_REFUSED, STORE_FAILED, and DESTINATION_UNUSABLE if the store denies this
   * for every file.
   */
  thaw(file: FrozenFile, wish: ThawWish): Promise<'asked' | 'thawing' | 'thawed'>;
}
