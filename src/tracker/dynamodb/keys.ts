import { createHash } from 'node:crypto';
import { foldKey } from '../../media.ts';

/**
 * The layout of the table. One partition per provider (or `provider#account`) holds media,
 * originals, runs, leases, facts and listings, so that one Query reads everything that a run
 * compares. The partition `archive` holds the rows that this Query must leave out: the binding to
 * the archive, the keys in use, and the parts of unfinished uploads.
 */
export interface Key {
  readonly provider: string;
  readonly media_id: string;
}

/** The partition that belongs to no provider. */
export const archivePartition = 'archive';

export const bindingKey: Key = { provider: archivePartition, media_id: 'ARCHIVE#' };

/** First words of sort keys that belong to no medium. */
const reserved = new Set(['RUN', 'LEASE', 'ARCHIVE', 'FACT', 'LISTING']);

/**
 * This limit is below DynamoDB's 1,024 bytes, because an original's key can be part of a longer
 * key.
 */
const longestKey = 900;
const longestMediumKey = 400;

/** Sort key of a medium's row. */
export function mediumKey(mediaId: string): string {
  return originalKey(encodeURIComponent(mediaId.toWellFormed()));
}

/**
 * Sort key of an original's row: its id, if it is short enough. A medium's originals follow the
 * medium directly in the order of the table. Of the characters that `encodeURIComponent` keeps,
 * only `!` sorts before `#`, so `!` is written as `%21`.
 */
export function originalKey(id: string): string {
  const [first, ...rest] = id.replaceAll('!', '%21').split('#') as [string, ...string[]];
  const medium = shortened(
    reserved.has(first) ? `%${first.charCodeAt(0).toString(16)}${first.slice(1)}` : first,
    longestMediumKey,
  );
  return shortened([medium, ...rest].join('#'), longestKey);
}

/** Tells whether a row is of a medium, of an original, or of neither. */
export function kindOf(sortKey: string): 'medium' | 'original' | 'other' {
  const end = sortKey.indexOf('#');
  if (end === -1) return 'medium';
  return reserved.has(sortKey.slice(0, end)) ? 'other' : 'original';
}

/**
 * First and last sort key of a medium and its originals. `$` sorts directly after `#`, and no id
 * contains `$`.
 */
export function groupRange(mediumSortKey: string): readonly [string, string] {
  return [mediumSortKey, `${mediumSortKey}$`];
}

/** The key of the row that says which original has a key of the archive. Letter case is ignored. */
export function archiveKey(key: string): Key {
  return { provider: archivePartition, media_id: shortened(`KEY#${foldKey(key)}`, longestKey) };
}

export function factKey(name: string): string {
  return shortened(`FACT#${name}`, longestKey);
}

export function listingKey(account: string): string {
  return shortened(`LISTING#${account}`, longestKey);
}

/** Only rows of this original's parts have this prefix, because ids never contain `/`. */
export function partsPrefix(originalSortKey: string): string {
  return `PART#${originalSortKey}/`;
}

/** Cuts a text that is longer than `limit` bytes, and appends a hash of the whole text. */
export function shortened(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const hash = createHash('sha256').update(text).digest('hex');
  const kept = Buffer.from(text).subarray(0, limit - hash.length - 4);
  return `${new TextDecoder().decode(kept).replace(/\uFFFD+$/, '')}~${hash}`;
}
