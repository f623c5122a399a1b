import { SyncError } from '../../errors.ts';
import type { Bucket } from './bucket.ts';

/**
 * Makes a function to call with the marker of each next page of a listing. The function returns
 * false if the store names no marker, or names one again, because that listing never ends.
 */
export function noteMarkers(): (marker: string | undefined) => boolean {
  const seen = new Set<string | undefined>([undefined]);
  return (marker) => seen.size < seen.add(marker).size;
}

/**
 * The error for a listing that goes on, but not at a new place. It would be incomplete or endless.
 */
export function endlessListing({ location }: Bucket, doing: string): SyncError {
  const message = `${location}: ${doing} does not end, because the store names no new page`;
  return new SyncError('DESTINATION_UNUSABLE', message, {
    hint: 'Check that the endpoint speaks the S3 API with ListObjectsV2.',
  });
}
