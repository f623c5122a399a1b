import { createHash } from 'node:crypto';

/**
 * What a provider itself says of an original's content. No I/O.
 *
 * GoPro's media host answers with the ETags of S3. S3 stores an object in one piece or in parts.
 * The ETag of an object in N parts is `md5(md5(part 1) … md5(part N))-N`. All parts but the last
 * have the same size, which is published nowhere. The ETag of an object in one piece is its MD5.
 */
export interface ContentClaim {
  readonly kind: 's3-etag';
  /** 32 hexadecimal digits in lower case. */
  readonly digest: string;
  /** The number of parts. Null if the digest is the MD5 of the whole file. */
  readonly parts: number | null;
}

/**
 * The part size, in bytes, with which a claim was computed. `wholeFile` if the whole file is one
 * part.
 */
export type ClaimPartBytes = number;
export const wholeFile: ClaimPartBytes = 0;

/** S3 accepts no more parts. */
const maxParts = 10_000;
const mebibyte = 1024 * 1024;
const maxPartMebibytes = 128;
/** Part sizes in MiB that upload programs use. They are tried before all other part sizes. */
const usualMebibytes = [100, 20, 16, 8, 5, 64, 10, 25, 32, 50, 128];

/** Headers that name the key with which S3 encrypted an object. */
const keyHeaders = [
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key-md5',
];

/**
 * Returns the claim in the headers of a reply of an S3 server, or null if they make none. Header
 * names are in lower case. S3 computes other ETags for objects that it encrypts with a key of the
 * customer or of its key service, so these are no claims.
 */
export function claimInS3Headers(headers: Readonly<Record<string, string>>): ContentClaim | null {
  const encryption = headers['x-amz-server-side-encryption'];
  if (encryption !== undefined && encryption !== 'AES256') return null;
  if (keyHeaders.some((name) => headers[name] !== undefined)) return null;
  return parseEtag(headers['etag']);
}

/** Returns the claim in a strong ETag, or null for any other ETag. */
export function parseEtag(etag: string | null | undefined): ContentClaim | null {
  const match = /^"?([0-9a-f]{32})(?:-([1-9]\d{0,4}))?"?$/i.exec(etag ?? '');
  if (!match) return null;
  const parts = match[2] === undefined ? null : Number(match[2]);
  return parts !== null && parts > maxParts ? null : { kind: 's3-etag', digest: match[1]!.toLowerCase(), parts };
}

/** The text for a provider that was asked and makes no claim. */
export const noClaim = 'none';

/** A claim as text, for the tracker and the descriptions of files. */
export function encodeClaim(claim: ContentClaim | null): string {
  if (claim === null) return noClaim;
  return `${claim.kind}:${claim.digest}${claim.parts === null ? '' : `-${claim.parts}`}`;
}

/** Returns the claim in a text. Returns null for no claim, and for an unknown kind of claim. */
export function decodeClaim(text: string | null): ContentClaim | null {
  const [kind, value] = text?.split(':', 2) ?? [];
  return kind === 's3-etag' ? parseEtag(value) : null;
}

/**
 * Returns the part sizes that a claim can mean for a file of `sizeBytes` (null: unknown), in the
 * order in which they are tried: first those in `proved`, which proved other files of the account.
 */
export function partSizesOf(
  { parts }: ContentClaim,
  sizeBytes: number | null,
  proved: readonly ClaimPartBytes[] = [],
): readonly ClaimPartBytes[] {
  if (parts === null || parts === 1) return [wholeFile];
  const fits = (partBytes: number) =>
    sizeBytes === null || ((parts - 1) * partBytes < sizeBytes && sizeBytes <= parts * partBytes);
  const every = Array.from({ length: maxPartMebibytes }, (_, index) => (index + 1) * mebibyte).filter(fits);
  const usual = usualMebibytes.map((size) => size * mebibyte);
  const wanted = [...proved, ...usual].filter((size) => every.includes(size));
  return [...new Set([...wanted, ...every])];
}

/**
 * Returns the part size that proves the claim of a proven file. null if it is not `known` and more
 * than one size is possible.
 */
export function provingPartBytes(
  claim: ContentClaim,
  sizeBytes: number | null,
  known: ClaimPartBytes | null,
): ClaimPartBytes | null {
  if (known !== null) return known;
  const possible = partSizesOf(claim, sizeBytes);
  return possible.length === 1 ? possible[0]! : null;
}

/** Whether the MD5 digests of a file's parts, in order and in hexadecimal, prove the claim. */
export function matchesClaim({ digest, parts }: ContentClaim, partDigests: readonly string[]): boolean {
  if (parts === null) return partDigests.length === 1 && partDigests[0] === digest;
  if (partDigests.length !== parts) return false;
  const combined = createHash('md5');
  for (const partDigest of partDigests) combined.update(partDigest, 'hex');
  return combined.digest('hex') === digest;
}

/**
 * Names the way in which an object was stored. Only a way that proved other files of the account is
 * trusted, because an object of an unmarked key has an ETag of the same form.
 */
export function wayOf({ parts }: ContentClaim, partBytes: ClaimPartBytes): string {
  if (parts === null) return 'md5';
  return parts === 1 ? 'one part' : `parts of ${partBytes}`;
}
