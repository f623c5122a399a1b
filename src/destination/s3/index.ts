import { sameContent } from '../../media.ts';
import { randomUUID } from 'node:crypto';
import { SyncError } from '../../errors.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { isSameOriginal } from '../description.ts';
import type { Destination, FileDescription, Opened, Part, StoredFile, UploadState } from '../destination.ts';
import { identify, initialise } from './archive-id.ts';
import { openBucket, type Bucket, type S3Options } from './bucket.ts';
import { createCapabilityMemory, refusesWrongSize, type CapabilityMemory, type S3Capabilities } from './capabilities.ts';
import { listFiles, statFile, unknownKeys } from './inventory.ts';
import { createLooks, type Looks } from './looks.ts';
import { abortUpload, createUpload, storedParts, sweepUploads } from './multipart.ts';
import { head } from './objects.ts';
import { writeUploadPart } from './part-writer.ts';
import { publishMultipart, publishPut } from './publish.ts';
import { readRecord, withRecord } from './records.ts';
import { heldWholeBytes, holdPut, type HeldPut } from './single-put.ts';
import { parseUpload, putUpload, type Upload } from './upload-id.ts';

export type { S3Options } from './bucket.ts';
export type { S3Capabilities } from './capabilities.ts';

export interface S3Destination extends Destination {
  /** What the store can do, learned at first need by writing below `.cloud-sync/`. */
  capabilities(): Promise<S3Capabilities>;
}

/** What one open destination works with. */
interface Context {
  readonly bucket: Bucket;
  readonly memory: CapabilityMemory;
  readonly looks: Looks;
  /** Files of one PUT that wait for their commit, by upload id. */
  readonly held: Map<string, HeldPut>;
  /** The last commit of each key that is under way. */
  readonly committing: Map<string, Promise<unknown>>;
}

type Known = Parameters<Destination['open']>[2];

/**
 * An archive in a bucket of AWS or of a compatible store. Credentials come from the SDK's standard chain. `If-None-Match: *` keeps files from being
 * replaced; where a store does not honour it, a look just before publishing stands in, which only a second writer at that very moment could slip
 * past, and the tracker's leases keep Cloud Sync itself from being one.
 */
export function openS3(options: S3Options): S3Destination {
  const bucket = openBucket(options);
  const memory = createCapabilityMemory(bucket);
  const context: Context = { bucket, memory, looks: createLooks(), held: new Map(), committing: new Map() };
  return {
    location: bucket.location,
    // S3 gives a connection up that is silent for about 20 s.
    maxPauseMs: 10_000,
    identify: () => identify(bucket),
    initialise: (id) => initialise(bucket, id, async () => (await memory.get()).conditionalWrites === 'honoured'),
    // S3 has no locks; the tracker's run lease and conditional writes do their work.
    lease: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    freeBytes: async () => null,
    open: (file, wanted, known) => open(context, file, wanted, known),
    writePart: (file, state, number, sizeBytes) => {
      const upload = requireUpload(bucket, state);
      if (upload.kind === 'multipart') return writeUploadPart(bucket, memory, upload, number, sizeBytes);
      context.held.get(upload.id)?.abort();
      const put = holdPut(bucket, memory, file, sizeBytes ?? state.sizeBytes ?? 0);
      context.held.set(upload.id, put);
      return put;
    },
    commit: (file, state, parts, whole) =>
      oneAtATime(context, file.original.key, () => commit(context, file, state, parts, whole)),
    abort: async (state) => drop(context, parseUpload(state.id)),
    sweep: (keep) => sweepUploads(bucket, keep),
    stat: (key, how) => statFile(bucket, key, how),
    list: () => listFiles(bucket),
    unknown: (known) => unknownKeys(bucket, known),
    setAside: async () => null,
    capabilities: async () => {
      const { mpuObjectSize } = await memory.get();
      if (mpuObjectSize === null) await memory.learn({ mpuObjectSize: await refusesWrongSize(bucket) });
      return memory.get();
    },
    close: async () => {
      for (const put of context.held.values()) put.abort();
      bucket.close();
    },
  };
}

async function open(context: Context, file: FileDescription, wanted: Omit<UploadState, 'id'>, known: Known): Promise<Opened> {
  const { bucket, memory } = context;
  const finished = known || (await isLookDue(context, wanted)) ? await finishedFile(context, file, wanted) : undefined;
  const earlier = known && parseUpload(known.state.id);
  if (
    known &&
    earlier?.kind === 'multipart' &&
    !finished &&
    agree(wanted, known.state) &&
    earlier.key === bucket.base + file.original.key
  ) {
    const parts = await storedParts(bucket, earlier, known.parts);
    if (parts) return { kind: 'upload', state: known.state, parts, resumable: true };
  } else if (known) {
    await drop(context, earlier);
  }
  if (finished) return { kind: 'finished', file: finished };
  const single = wanted.sizeBytes !== null && wanted.sizeBytes <= wanted.partSizeBytes;
  const upload = single ? putUpload(randomUUID()) : await createUpload(bucket, memory, file);
  await memory.get();
  return { kind: 'upload', state: { ...wanted, id: upload.id }, parts: [], resumable: !single };
}

/** Not for a file so small that it is held until it is published, where the store keeps its PUT from replacing and keys were free lately. */
async function isLookDue({ memory, looks }: Context, { sizeBytes }: Omit<UploadState, 'id'>): Promise<boolean> {
  const isHeldWhole = sizeBytes !== null && sizeBytes <= heldWholeBytes;
  return !isHeldWhole || looks.isWorthwhile() || (await memory.get()).conditionalWrites !== 'honoured';
}

/**
 * The file if it is stored already. Only one whose checksum is known without reading it: any other may be what a killed run left unverified, and
 * `commit` compares it when its bytes have come again.
 */
async function finishedFile(
  { bucket, looks }: Context,
  file: FileDescription,
  wanted: Omit<UploadState, 'id'>,
): Promise<StoredFile | undefined> {
  const { key } = file.original;
  const found = await head(bucket, key);
  looks.note(found ? 'taken' : 'free');
  if (!found || (wanted.sizeBytes !== null && wanted.sizeBytes !== found.sizeBytes)) return undefined;
  const { sizeBytes, crc32, description } = withRecord(key, found, await readRecord(bucket, key, found.etag));
  if (!description || crc32 === null || !isSameOriginal(description.original, file.original)) return undefined;
  return sameContent(wanted.validator, description.validator) ? { key, sizeBytes, crc32 } : undefined;
}

function agree(wanted: Omit<UploadState, 'id'>, state: UploadState): boolean {
  return (
    wanted.sizeBytes === state.sizeBytes &&
    wanted.partSizeBytes === state.partSizeBytes &&
    wanted.validator.etag === state.validator.etag &&
    wanted.validator.lastModified === state.validator.lastModified
  );
}

/** Looking and publishing are one step for one key, so that within a process nothing depends on the store's conditions. */
async function oneAtATime<Result>({ committing }: Context, key: string, work: () => Promise<Result>): Promise<Result> {
  const before = committing.get(key) ?? Promise.resolve();
  const result = before.then(work, work);
  committing.set(key, result);
  try {
    return await result;
  } finally {
    if (committing.get(key) === result) committing.delete(key);
  }
}

async function commit(
  context: Context,
  file: FileDescription,
  state: UploadState,
  parts: readonly Part[],
  whole: { readonly sizeBytes: number; readonly crc32: number },
): Promise<StoredFile> {
  const { bucket, memory, looks, held } = context;
  const publication = { bucket, memory, file, whole, onTaken: () => looks.note('taken') };
  const upload = requireUpload(bucket, state);
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (sizeBytes !== whole.sizeBytes || crc32OfParts(parts.toSorted((a, b) => a.number - b.number)) !== whole.crc32) {
    await drop(context, upload);
    throw new SyncError('CHECKSUM_MISMATCH', `${bucket.location}: the parts of ${file.original.key} do not make up the file`);
  }
  if (upload.kind === 'multipart' && whole.sizeBytes > 0) return publishMultipart(publication, upload, parts);
  // An upload without a part cannot be completed: an empty file is always one PUT.
  const put = held.get(upload.id) ?? (whole.sizeBytes === 0 ? holdPut(bucket, memory, file, 0) : undefined);
  held.delete(upload.id);
  try {
    return await publishPut(publication, put);
  } catch (error) {
    // It may stand there all the same: the next attempt looks first.
    looks.note('taken');
    throw error;
  } finally {
    put?.abort();
    if (upload.kind === 'multipart') await abortUpload(bucket, upload);
  }
}

async function drop({ bucket, held }: Context, upload: Upload | undefined): Promise<void> {
  if (upload?.kind === 'multipart') return abortUpload(bucket, upload);
  if (!upload) return;
  held.get(upload.id)?.abort();
  held.delete(upload.id);
}

function requireUpload(bucket: Bucket, state: UploadState): Upload {
  const upload = parseUpload(state.id);
  if (!upload) throw new SyncError('UPLOAD_LOST', `${bucket.location}: this upload was begun at another kind of destination`);
  return upload;
}
