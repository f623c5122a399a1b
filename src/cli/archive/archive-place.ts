import { resolveDirectory } from '../../config/system.ts';
import { spellAddress } from '../../config/values.ts';
import { SyncError } from '../../errors.ts';
import { realDirectory } from '../../lib/files/real-directory.ts';

/** The place of an archive. */
export type Place =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** The prefix in the bucket, without slashes at its ends. It may be empty. */
      readonly prefix: string;
    };

const hint = 'Give a directory such as ./archive, or s3://bucket/prefix.';

/**
 * Parses the value of an option that names an archive. A relative path starts at the current
 * directory. No file is read. Errors: USAGE.
 */
export function parsePlace(to: string | undefined, option = '--to'): Place {
  if (to === undefined) throw new SyncError('USAGE', `${option} is missing, so no archive is named`, { hint });
  if (/^s3:\/\//i.test(to)) return parseS3(to, option);
  // A single letter before the colon is a Windows drive and not a scheme.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(to)?.[1];
  if (scheme?.toLowerCase() === 's3') throw new SyncError('USAGE', `${option} ${to}: an S3 address begins with s3://`, { hint });
  if (scheme !== undefined) throw new SyncError('USAGE', `${option} ${to}: an archive cannot be at ${scheme}:`, { hint });
  return { kind: 'directory', path: resolveDirectory(to) };
}

function parseS3(to: string, option: string): Place {
  const [bucket = '', ...rest] = to.slice('s3://'.length).split('/');
  if (bucket === '') throw new SyncError('USAGE', `${option} ${to}: the name of the bucket is missing`, { hint });
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new SyncError('USAGE', `${option} ${to}: "${bucket}" is not a valid bucket name`, {
      hint: 'A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens.',
    });
  }
  if (rest.some((part) => part === '.' || part === '..'))
    throw new SyncError('USAGE', `${option} ${to}: the prefix contains "." or ".."`, { hint });
  return { kind: 's3', bucket, prefix: rest.filter((part) => part !== '').join('/') };
}

/**
 * Returns a text that is the same for every spelling of a place. Links in the path are followed.
 * The endpoint has the spelling of `spellAddress`.
 */
export async function locationOf(place: Place, s3Endpoint: string | undefined): Promise<string> {
  if (place.kind === 'directory') return realDirectory(place.path);
  const address = `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`;
  return s3Endpoint === undefined ? address : `${address} at ${s3Endpoint}`;
}

/** Returns the place and the S3 endpoint of a location. */
export function parseLocation(location: string): { readonly place: Place; readonly s3Endpoint: string | undefined } {
  const [, address = location, s3Endpoint] = /^(s3:\/\/.*) at (https?:\/\/.*)$/i.exec(location) ?? [];
  return { place: parsePlace(address), s3Endpoint };
}

/**
 * Returns a location in the spelling of `locationOf`. Earlier versions kept some other spellings.
 */
export function respellLocation(location: string): string {
  const [, address, endpoint = ''] = /^(s3:\/\/.* at )(https?:\/\/.*)$/i.exec(location) ?? [];
  const url = URL.parse(endpoint);
  return url ? `${address}${spellAddress(url)}` : location;
}
