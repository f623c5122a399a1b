import { isoTime } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import { encodeDescription, verdictNames } from '../description.ts';
import type { FileDescription } from '../destination.ts';
import type { Bucket } from './bucket.ts';

/**
 * S3 allows 2,048 bytes of metadata. This limit is lower, because some stores also count the prefix
 * `x-amz-meta-`.
 */
const maxMetadataBytes = 1_600;

const verdicts: ReadonlySet<string> = new Set(verdictNames);

const sources: Readonly<Record<Provider, string>> = { gopro: 'GoPro' };

/**
 * Returns an archived file's description as user metadata. An original name that is too long is
 * shortened. The metadata is sent before the bytes are compared, so it has no verdict.
 */
export function metadataOf(file: FileDescription): Record<string, string> {
  const described = Object.entries(encodeDescription(file)).filter(([name]) => !verdicts.has(name));
  const fields = Object.fromEntries(described);
  const overBytes = Object.entries(fields).reduce((sum, [name, value]) => sum + name.length + value.length, 0) - maxMetadataBytes;
  if (overBytes <= 0) return fields;
  const name = fields['original-name'] ?? '';
  return { ...fields, 'original-name': cutEncoded(name, Math.max(0, name.length - overBytes)) };
}

/** Cuts percent-encoded text so that the result can still be decoded. */
function cutEncoded(text: string, length: number): string {
  for (let end = length; end > 0; end -= 1) {
    const cut = text.slice(0, end);
    try {
      decodeURIComponent(cut);
      return cut;
    } catch {
      // The cut is inside a character, so the loop cuts one more byte.
    }
  }
  return '';
}

/** Returns the tags of a file in the form that PutObject and CreateMultipartUpload need. */
export function tagsOf(file: FileDescription, bucket: Bucket): readonly { readonly Key: string; readonly Value: string }[] {
  return [
    { Key: 'Source', Value: sources[file.original.provider] },
    { Key: 'AutoSync', Value: 'True' },
    { Key: 'UploadDate', Value: isoTime(bucket.clock.now()).slice(0, 10) },
  ];
}

export function warnOfDeniedTags(bucket: Bucket): void {
  bucket.onWarning?.(
    `${bucket.location}: the store refuses tags (permission s3:PutObjectTagging?); files are archived without them`,
  );
}

export function warnOfRefusedClass(bucket: Bucket): void {
  bucket.onWarning?.(
    `${bucket.location}: the store refuses the storage class ${bucket.storageClass}; files are archived in its default class`,
  );
}

export function taggingHeader(tags: ReturnType<typeof tagsOf>): string {
  return tags.map(({ Key, Value }) => `${Key}=${Value}`).join('&');
}
