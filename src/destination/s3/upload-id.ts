/** The parsed id of an `UploadState`. */
export type Upload =
  /** An upload of at most one part: a single PUT, which cannot be resumed. */
  | { readonly kind: 'put'; readonly id: string }
  | {
      readonly kind: 'multipart';
      readonly id: string;
      readonly uploadId: string;
      /** The full key in the bucket. */
      readonly key: string;
      /** When the upload began, the store promised to verify this checksum. */
      readonly checksum: MultipartChecksum;
    };

export type MultipartUpload = Extract<Upload, { kind: 'multipart' }>;

/** `full`: a CRC32 of the whole object. `parts`: a CRC32 of each part. `none`: no checksum. */
export type MultipartChecksum = 'full' | 'parts' | 'none';

export function putUpload(random: string): Upload {
  return { kind: 'put', id: `put:${random}` };
}

export function multipartUpload(fields: Pick<MultipartUpload, 'uploadId' | 'key' | 'checksum'>): MultipartUpload {
  return { kind: 'multipart', id: `multipart:${new URLSearchParams(fields).toString()}`, ...fields };
}

/**
 * Parses the id of an upload. Returns undefined for an id of another adapter. An empty id stands
 * for a PUT whose process has ended.
 */
export function parseUpload(id: string): Upload | undefined {
  if (id === '' || id.startsWith('put:')) return { kind: 'put', id };
  if (!id.startsWith('multipart:')) return undefined;
  const fields = new URLSearchParams(id.slice('multipart:'.length));
  const uploadId = fields.get('uploadId');
  const key = fields.get('key');
  const checksum = fields.get('checksum');
  if (!uploadId || !key || (checksum !== 'full' && checksum !== 'parts' && checksum !== 'none')) return undefined;
  return { kind: 'multipart', id, uploadId, key, checksum };
}
