import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ownFolder, readSmall, writeSmall } from './archive-id.ts';
import { ask, encryption, type Bucket } from './bucket.ts';
import { isUnsupported, refusalFromError, refusalOf } from './errors.ts';
import { OpenPut, type PutTarget } from './http/put.ts';

/** What a store can do. null means that it is not known yet. */
export interface S3Capabilities {
  /**
   * What the store does with `If-None-Match: *`. If the store does not honour it, we check the key
   * before we publish.
   */
  readonly conditionalWrites: 'honoured' | 'ignored' | 'rejected';
  /** Whether the store accepts bodies in aws-chunked encoding with a CRC32 trailer. */
  readonly trailers: boolean;
  /**
   * Whether the store verifies a CRC32 of the whole object in multipart uploads, and shows it in
   * HEAD.
   */
  readonly fullObjectCrc32: boolean | null;
  /**
   * Whether the store verifies a CRC32 of each part in multipart uploads. Used only if the store
   * does not verify the whole object.
   */
  readonly partCrc32: boolean | null;
  /**
   * Whether the store refuses to complete an upload with a wrong size. This is only reported. We
   * always read the size back.
   */
  readonly mpuObjectSize: boolean | null;
  /**
   * `afterwards`: the store drops the tags of CreateMultipartUpload, so they must be written again.
   */
  readonly tags: 'atCreate' | 'afterwards' | 'refused' | null;
}

const capabilitiesKey = `${ownFolder}capabilities.json`;
const probeKey = `${ownFolder}probe`;

/**
 * The capabilities of one store. They are probed when they are first needed, and stored in the
 * archive.
 */
export interface CapabilityMemory {
  get(): Promise<S3Capabilities>;
  /** Adds capabilities that an upload showed. */
  learn(more: Partial<S3Capabilities>): Promise<void>;
  /** Forgets the capabilities, because the store contradicted them. They are then probed again. */
  doubt(): void;
}

export function createCapabilityMemory(bucket: Bucket): CapabilityMemory {
  let known: Promise<S3Capabilities> | undefined;
  let doubted = false;

  async function load(): Promise<S3Capabilities> {
    const remembered = doubted ? undefined : parse(await readSmall(bucket, capabilitiesKey));
    if (remembered) return remembered;
    const learned = await probe(bucket);
    await save(bucket, learned);
    return learned;
  }

  function get(): Promise<S3Capabilities> {
    known ??= load().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  return {
    get,
    learn: async (more) => {
      const before = await get();
      const after = { ...before, ...more };
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      known = Promise.resolve(after);
      await save(bucket, after);
    },
    doubt: () => {
      known = undefined;
      doubted = true;
    },
  };
}

async function save(bucket: Bucket, capabilities: S3Capabilities): Promise<void> {
  await writeSmall(bucket, capabilitiesKey, `${JSON.stringify(capabilities)}\n`);
}

function parse(text: string | undefined): S3Capabilities | undefined {
  try {
    const value = JSON.parse(text ?? '') as S3Capabilities;
    return typeof value.trailers === 'boolean' && typeof value.conditionalWrites === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Probes the capabilities that a small object can show. The other capabilities become known with
 * the first large file.
 */
async function probe(bucket: Bucket): Promise<S3Capabilities> {
  const body = `probe ${randomUUID()}\n`;
  const { trailer, tags } = await probePut(bucket, body);
  // If the stored object contains the trailer, the store does not know aws-chunked.
  const framed = trailer && (await readSmall(bucket, probeKey))?.includes('x-amz-checksum-crc32:');
  return {
    conditionalWrites: await probeCondition(bucket, body),
    trailers: trailer && !framed,
    fullObjectCrc32: null,
    partCrc32: null,
    mpuObjectSize: null,
    tags: tags ? null : 'refused',
  };
}

/** Tries four ways of writing, and returns the first way that the store accepts. */
async function probePut(bucket: Bucket, body: string): Promise<{ readonly trailer: boolean; readonly tags: boolean }> {
  const bytes = Buffer.from(body);
  const ways = [true, false].flatMap((trailer) => [true, false].map((tags) => ({ trailer, tags })));
  for (const way of ways) {
    const headers = { ...encryptionHeaders(bucket), ...(way.tags ? { 'x-amz-tagging': 'AutoSync=True' } : {}) };
    const target: PutTarget = { key: bucket.base + probeKey, headers, sizeBytes: bytes.length, trailer: way.trailer };
    const put = new OpenPut(bucket, Promise.resolve(target), `writing ${probeKey}`);
    try {
      await put.write(bytes);
      await put.finish(crc32(bytes));
      if (!way.tags)
        bucket.onWarning?.(
          `${bucket.location}: the store refuses tags (permission s3:PutObjectTagging?); files are archived without them`,
        );
      return way;
    } catch (error) {
      const deniedTags = way.tags && refusalOf(error)?.status === 403;
      if (way === ways.at(-1) || !(isUnsupported(error) || deniedTags)) throw error;
    }
  }
  throw new RangeError('unreachable: the last attempt returns or throws');
}

async function probeCondition(bucket: Bucket, body: string): Promise<S3Capabilities['conditionalWrites']> {
  try {
    await writeSmall(bucket, probeKey, body, { onlyIfAbsent: true });
    return 'ignored';
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (status === 412 || status === 409) return 'honoured';
    if (isUnsupported(error)) return 'rejected';
    throw error;
  }
}

/** Whether the store refuses to complete an upload of one small part with a wrong size. */
export async function refusesWrongSize(bucket: Bucket): Promise<boolean> {
  const place = { Bucket: bucket.bucket, Key: bucket.base + probeKey };
  const body = 'probe\n';
  return ask(bucket, `completing ${probeKey}`, async (client) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...place, ...encryption(bucket) }));
    const { ETag } = await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: body }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload, MpuObjectSize: body.length + 1 });
    const refusal = await client.send(complete).then(() => undefined, refusalFromError);
    if (!refusal) return false;
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId }));
    if (refusal.status !== 400) throw refusal;
    return true;
  });
}

/** Returns the configured encryption as headers of a PUT. */
export function encryptionHeaders({ sseKmsKeyId }: Bucket): Record<string, string> {
  return sseKmsKeyId === undefined
    ? {}
    : { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': sseKmsKeyId };
}
