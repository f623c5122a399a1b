import { isDeepStrictEqual } from 'node:util';
import { remembered } from '../../../lib/remembered.ts';
import { warnOfDeniedTags } from '../attributes.ts';
import type { Bucket } from '../bucket.ts';
import { probeMultipart } from './multipart.ts';
import { probeKey, probePuts, probeText } from './puts.ts';
import { idKey, readSmall, writeSmall } from '../bookkeeping/small-objects.ts';
import type { ChecksumWay } from '../http/buffered-put.ts';
import type { MultipartChecksum } from '../upload-id.ts';

/** The checksum that is sent before the bytes of a body in memory. */
export type HeaderChecksum = Exclude<ChecksumWay, 'trailer'>;

/** What a store can do with single objects. */
export interface PutCapabilities {
  /**
   * What the store does with `If-None-Match: *`. If the store does not honour it, we check the key
   * before we publish.
   */
  readonly conditionalWrites: 'honoured' | 'ignored' | 'rejected';
  /** Whether the store honours `If-Match`. The lease needs it. */
  readonly conditionalReplacement: boolean;
  /**
   * Whether the store accepts bodies in aws-chunked encoding with a CRC32 trailer, and does not
   * hand them out as encoded.
   */
  readonly trailers: boolean;
  /** The strongest checksum that the store accepts in a header. */
  readonly headerChecksum: HeaderChecksum;
  /** Whether the store refuses a wrong CRC32 sent before the body, and HEAD shows a correct one. */
  readonly verifiesHeaders: boolean;
  /** Whether the store refuses a wrong CRC32 sent after the body, and HEAD shows a correct one. */
  readonly verifiesTrailers: boolean;
  readonly tags: boolean;
  /** Whether the store accepts the configured storage class, if there is one. */
  readonly storageClass: boolean;
}

/** What a store can do with multipart uploads. */
export interface MultipartCapabilities {
  /** The strongest checksum with which the store begins and completes an upload. */
  readonly checksum: MultipartChecksum;
  /**
   * Whether the store refuses a wrong CRC32 of a part and of the whole object, and HEAD shows the
   * CRC32 of the whole object.
   */
  readonly verifiesUploads: boolean;
  /** Whether the store accepts the size of an upload when the upload is completed. */
  readonly acceptsSize: boolean;
  /** True if the store drops the tags of an upload, but accepts tags for the finished object. */
  readonly dropsTags: boolean;
}

/** AWS is known to do all of this, so it is not probed. */
const ofAws = {
  conditionalWrites: 'honoured',
  conditionalReplacement: true,
  trailers: true,
  headerChecksum: 'crc32',
  verifiesHeaders: true,
  verifiesTrailers: true,
  tags: true,
  storageClass: true,
  checksum: 'full',
  verifiesUploads: true,
  acceptsSize: true,
  dropsTags: false,
} as const satisfies PutCapabilities & MultipartCapabilities;

/**
 * What this process knows about its store. Nothing is remembered in the archive, because an archive
 * can be copied to another store. An error is no answer: the next call probes again.
 */
export interface Capabilities {
  /** Errors: those of the store. */
  puts(): Promise<PutCapabilities>;
  /** Errors: those of the store. */
  multipart(): Promise<MultipartCapabilities>;
  /**
   * Notes that a request with tags was denied. Returns true on AWS, where a request without tags
   * may succeed. Any other store was probed with tags, so its denial has another reason.
   */
  denyTags(): Promise<boolean>;
  /**
   * Probes again after the store refused a request that it should accept. Returns true if an answer
   * has changed, so that the next request differs from the refused one.
   */
  haveChanged(): Promise<boolean>;
  /**
   * Whether the store lets us read the archive's id and write the probe. If so, the denial of a
   * write is about one file.
   */
  areUsable(): Promise<boolean>;
}

export function createCapabilities(bucket: Bucket): Capabilities {
  let deniesTags = false;
  const puts = remembered(async () => ((await isAws(bucket)) ? ofAws : probePuts(bucket)));
  const multipart = remembered(async () => ((await isAws(bucket)) ? ofAws : probeMultipart(bucket, await puts.get())));
  const all = async () => [await puts.get(), await multipart.get()];
  let probingAgain: Promise<boolean> | undefined;
  const probeAgain = async () => {
    if (await isAws(bucket)) return false;
    const before = await all();
    puts.forget();
    multipart.forget();
    return !isDeepStrictEqual(before, await all());
  };
  return {
    puts: async () => {
      const known = await puts.get();
      return deniesTags ? { ...known, tags: false } : known;
    },
    multipart: () => multipart.get(),
    denyTags: async () => {
      if (!(await isAws(bucket))) return false;
      if (!deniesTags) warnOfDeniedTags(bucket);
      deniesTags = true;
      return true;
    },
    areUsable: async () => {
      try {
        if ((await readSmall(bucket, idKey)) === undefined) return false;
        await writeSmall(bucket, { key: probeKey, text: probeText.toString() }, (await puts.get()).headerChecksum);
        return true;
      } catch {
        return false; // the error of the file says what is wrong
      }
    },
    haveChanged: async () => (probingAgain ??= probeAgain().finally(() => (probingAgain = undefined))),
  };
}

/**
 * Whether requests go to AWS itself. The address of the requests decides, because the environment
 * and the configuration of AWS can name an endpoint, too.
 */
export async function isAws(bucket: Bucket): Promise<boolean> {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test((await bucket.address()).hostname);
}
