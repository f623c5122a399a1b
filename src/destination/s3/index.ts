import type { Destination } from '../destination.ts';
import { identify, initialise } from './bookkeeping/archive-id.ts';
import { openBucket, type Bucket, type S3Options } from './bucket.ts';
import {
  createCapabilities,
  isAws,
  type Capabilities,
  type MultipartCapabilities,
  type PutCapabilities,
} from './probe/capabilities.ts';
import { createExistenceChecks } from './probe/existence-checks.ts';
import { describeObject } from './bookkeeping/describe-object.ts';
import { createLeaseObject } from './bookkeeping/lease.ts';
import { listFiles, readingTerms, statFile, unknownKeys } from './bookkeeping/inventory.ts';
import { createThawing } from './thawing.ts';
import { sweepUploads } from './multipart.ts';
import { refusesWrongSize } from './probe/multipart.ts';
import { parseUpload } from './upload-id.ts';
import { closeUploads, commitUpload, dropUpload, openUpload, writePart, type Uploads } from './uploads.ts';

export type { S3Options } from './bucket.ts';

/** Everything that a store can do. */
export interface S3Capabilities extends PutCapabilities, MultipartCapabilities {
  /** Whether the store refuses to complete an upload with a wrong size. This is only reported. */
  readonly mpuObjectSize: boolean;
}

export interface S3Destination extends Destination {
  /**
   * Returns what the store can do. The first call probes the store by writing `.cloud-sync/probe`.
   */
  capabilities(): Promise<S3Capabilities>;
}

/**
 * Opens an archive in a bucket of AWS or of a compatible store. Credentials come from the SDK's
 * standard chain. `If-None-Match: *` prevents the replacement of a file. If the store ignores that
 * header, the archive has no lease, and we check the key just before we publish. In that case only
 * another writer in the same moment could still replace a file.
 */
export function openS3(options: S3Options): S3Destination {
  const bucket = openBucket(options);
  const capabilities = createCapabilities(bucket);
  const uploads: Uploads = {
    bucket,
    capabilities,
    checks: createExistenceChecks(),
    held: new Map(),
    taken: new Set(),
    committing: new Map(),
  };
  return {
    location: bucket.location,
    // S3 closes a connection that is silent for about 20 s.
    maxPauseMs: 10_000,
    identify: () => identify(bucket),
    initialise: (id) => initialise(bucket, id, capabilities),
    lease: createLeaseObject(bucket, capabilities),
    open: (file, wanted, known, how) => openUpload(uploads, file, wanted, known, how),
    writePart: (file, state, number, sizeBytes) => writePart(uploads, file, state, number, sizeBytes),
    commit: (file, state, parts, whole) => commitUpload(uploads, file, state, parts, whole),
    describe: (file, evidence) => describeObject({ bucket, capabilities }, file, evidence),
    abort: async (state) => dropUpload(uploads, parseUpload(state.id)),
    sweep: (keep) => sweepUploads(bucket, keep),
    stat: (key, how) => statFile(bucket, key, how),
    readingTerms: () => readingTerms(bucket),
    thawing: createThawing(bucket),
    list: (options) => listFiles(bucket, options),
    forgetsAbsentFiles: true,
    replacesDamaged: false,
    unknown: (known) => unknownKeys(bucket, known),
    capabilities: () => allCapabilities(bucket, capabilities),
    close: async () => {
      closeUploads(uploads);
      bucket.close();
    },
  };
}

/** Probes everything, including what no upload needs. */
async function allCapabilities(bucket: Bucket, capabilities: Capabilities): Promise<S3Capabilities> {
  const single = await capabilities.puts();
  const multipart = await capabilities.multipart();
  return { ...single, ...multipart, mpuObjectSize: (await isAws(bucket)) || (await refusesWrongSize(bucket)) };
}
