/**
 * The ETags of an S3 store, computed from the bytes of simulated files, and the headers that say
 * how a file is encrypted.
 */
import { createHash } from 'node:crypto';
import { md5sOf, type SimContent } from './content.ts';

/** How the provider stored a file. This decides the ETag of the file. */
export interface StoredAs {
  /** The bytes of each part but the last. Null: in one piece. */
  readonly partBytes: number | null;
  /**
   * The key with which the store encrypted the file. With any of these keys the ETag is no digest
   * of the bytes. `kms` and `customer` are named in the headers, and `unmarked` is not. Default:
   * the store's own key, which does not change the ETag.
   */
  readonly encryption?: 'kms' | 'customer' | 'unmarked';
}

const mebibyte = 1024 * 1024;

/** A mix of ways to store files. Parts of 20 and 100 MiB are the most frequent. */
export const usualWays: readonly StoredAs[] = [null, 5, 8, 16, 20, 20, 100, 100].map((mebibytes) => ({
  partBytes: mebibytes === null ? null : mebibytes * mebibyte,
}));

const encryptionHeaders = {
  kms: {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-west-2:000000000000:key/simulated',
  },
  customer: {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key-md5': 'c2ltdWxhdGVkLWtleS1tZA==',
  },
  unmarked: {},
};

/** One of the ways. The seed decides which. */
export function pickWay(ways: readonly StoredAs[], seed: string): StoredAs {
  const [first = 0] = createHash('sha256').update(seed).digest();
  return ways[first % ways.length] ?? { partBytes: null };
}

/** Returns the headers about the encryption of a file. */
export function encryptionHeadersOf({ encryption }: StoredAs): Readonly<Record<string, string>> {
  return encryption === undefined ? { 'x-amz-server-side-encryption': 'AES256' } : encryptionHeaders[encryption];
}

/**
 * The ETags that were computed in this process. A library can have 100,000 files, and each ETag
 * reads a whole file, so each is computed once, when it is first needed.
 */
const etags = new Map<string, Promise<string>>();

/**
 * Returns the strong ETag of a file, in quotation marks. Other code can run during the computation.
 */
export function etagOf({ seed, sizeBytes, extension }: SimContent, stored: StoredAs): Promise<string> {
  const key = JSON.stringify([seed, sizeBytes, extension, stored.partBytes, stored.encryption]);
  const known = etags.get(key);
  if (known !== undefined) return known;
  const etag = computeEtag({ seed, sizeBytes, extension }, stored);
  etags.set(key, etag);
  return etag;
}

async function computeEtag(content: SimContent, { partBytes, encryption }: StoredAs): Promise<string> {
  const suffix = partBytes === null ? '' : `-${Math.max(1, Math.ceil(content.sizeBytes / partBytes))}`;
  if (encryption !== undefined) return `"${md5(JSON.stringify([encryption, content]))}${suffix}"`;
  const parts = await md5sOf(content, partBytes ?? Number.POSITIVE_INFINITY);
  return `"${partBytes === null ? parts.toString('hex') : md5(parts)}${suffix}"`;
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
