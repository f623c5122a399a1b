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

/** The only partition that belongs to no provider. */
export const archivePartition = 'archive';

export const bindingKey: Key = { provider: archivePartition, media_id: 'ARCHIVE#' };

/** The first words of sort keys that do not belong to a medium. */
const reserved = new Set(['RUN', 'LEASE', 'ARCHIVE', 'FACT', 'LISTING']);

/**
 * DynamoDB's limit is 1,024 bytes. Our limit is lower, because the keys of parts contain the key of
 * their original.
 */
const longestKey = 900;
const longestMediumKey = 400;

/** Returns the sort key of a medium's row. */
export function mediumKey(mediaId: string): string {
  return originalKey(encodeURIComponent(mediaId.toWellFormed()));
}

/**
 * Returns the sort key of an original's row. This is the original's id, unless the id is too long.
 * In the order of the table, the originals of a medium directly follow the medium. `!` is the only
 * character that `encodeURIComponent` keeps and that sorts before `#`. So `!` is written as `%21`.
 */
export function originalKey(id: string): string {
  const [first, ...rest] = id.replaceAll('!', '%21').split('#') as [string, ...string[]];
  const medium = shortened(
    reserved.has(first) ? `%${first.charCodeAt(0).toString(16)}${first.slice(1)}` : first,
    longestMediumKey,
  );
  return shortened([medium, ...rest].join('#'), longestKey);
}

/** Returns what the row with this sort key holds: a medium, an original, or something else. */
export function kindOf(sortKey: string): 'medium' | 'original' | 'other' {
  const end = sortKey.indexOf('#');
  if (end === -1) return 'medium';
  return reserved.has(sortKey.slice(0, end)) ? 'other' : 'original';
}

/**
 * Returns the range of sort keys of a medium and its originals. `$` directly follows `#`, and ids
 * never contain `$`.
 */
export function groupRange(mediumSortKey: string): readonly [string, string] {
  return [mediumSortKey, `${mediumSortKey}$`];
}

/**
 * Returns the key of the row that says which original has this key in the archive. Keys in the
 * archive are compared case-folded.
 */
export function archiveKey(key: string): Key {
  return { provider: archivePartition, media_id: shortened(`KEY#${foldKey(key)}`, longestKey) };
}

export function factKey(name: string): string {
  return shortened(`FACT#${name}`, longestKey);
}

export function listingKey(account: string): string {
  return shortened(`LISTING#${account}`, longestKey);
}

/**
 * Returns how the sort keys of an original's parts begin. Ids never contain `/`, so this prefix
 * selects only the parts of this original.
 */
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
