import type { Destination } from '../destination.ts';
import { identify, initialise } from './archive-id.ts';
import { openBucket, type Bucket, type S3Options } from './bucket.ts';
import { createCapabilityMemory, refusesWrongSize, type CapabilityMemory, type S3Capabilities } from './capabilities.ts';
import { createExistenceChecks } from './existence-checks.ts';
import { listFiles, statFile, unknownKeys } from './inventory.ts';
import { sweepUploads } from './multipart.ts';
import { parseUpload } from './upload-id.ts';
import { closeUploads, commitUpload, dropUpload, openUpload, writePart, type Uploads } from './uploads.ts';

export type { S3Options } from './bucket.ts';
export type { S3Capabilities } from './capabilities.ts';

export interface S3Destination extends Destination {
  /**
   * Returns what the store can do. The first call probes the store by writing below `.cloud-sync/`.
   */
  capabilities(): Promise<S3Capabilities>;
}

/**
 * Opens an archive in a bucket of AWS or of a compatible store. Credentials come from the SDK's
 * standard chain. S3 has no locks, so the tracker's run lease prevents a second run. With
 * `If-None-Match: *` the store refuses to replace a file. If the store ignores that header, we
 * check the key just before we publish. Then two writers can still replace each other's file, if
 * both publish the same key in the same moment.
 */
export function openS3(options: S3Options): S3Destination {
  const bucket = openBucket(options);
  const memory = createCapabilityMemory(bucket);
  const uploads: Uploads = { bucket, memory, checks: createExistenceChecks(), held: new Map(), committing: new Map() };
  return {
    location: bucket.location,
    // S3 closes a connection that is silent for about 20 s.
    maxPauseMs: 10_000,
    identify: () => identify(bucket),
    initialise: (id) => initialise(bucket, id, async () => (await memory.get()).conditionalWrites === 'honoured'),
    open: (file, wanted, known, how) => openUpload(uploads, file, wanted, known, how),
    writePart: (file, state, number, sizeBytes) => writePart(uploads, file, state, number, sizeBytes),
    commit: (file, state, parts, whole) => commitUpload(uploads, file, state, parts, whole),
    abort: async (state) => dropUpload(uploads, parseUpload(state.id)),
    sweep: (keep) => sweepUploads(bucket, keep),
    stat: (key, how) => statFile(bucket, key, how),
    list: ({ except } = {}) => listFiles(bucket, except),
    forgetsAbsentFiles: true,
    replacesDamaged: false,
    unknown: (known) => unknownKeys(bucket, known),
    capabilities: () => allCapabilities(bucket, memory),
    close: async () => {
      closeUploads(uploads);
      bucket.close();
    },
  };
}

/** Probes all capabilities, including those that no upload needs. */
async function allCapabilities(bucket: Bucket, memory: CapabilityMemory): Promise<S3Capabilities> {
  const { mpuObjectSize } = await memory.get();
  if (mpuObjectSize === null) await memory.learn({ mpuObjectSize: await refusesWrongSize(bucket) });
  return memory.get();
}
