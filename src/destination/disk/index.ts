import { resolve } from 'node:path';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { sameContent } from '../../media.ts';
import { isSameOriginal } from '../description.ts';
import type { Destination, FileDescription, Part, StoredFile, UploadState } from '../destination.ts';
import { readArchiveId, writeArchiveId } from './bookkeeping/archive-id.ts';
import type { HashName } from './content.ts';
import { isDraftId } from './drafts.ts';
import type { Drafts } from './durable.ts';
import { oneAtATime } from './files.ts';
import { lookAt, presentFiles, unknownFiles } from './bookkeeping/inventory.ts';
import { createJournal } from './bookkeeping/journal.ts';
import { takeLease, type Lease } from './bookkeeping/lease.ts';
import { createManifest, type Manifest } from './bookkeeping/manifest.ts';
import type { Naming } from './bookkeeping/names.ts';
import { dropUpload, publish, type Publisher } from './publish.ts';
import { moveToQuarantine } from './bookkeeping/quarantine.ts';
import { createSmallFiles, isSmall } from './small-files.ts';
import { createSpace, freeBytesAt } from './space.ts';
import { storeError } from './store-error.ts';
import { createTree, type Tree } from './tree.ts';
import { createUploads } from './uploads.ts';

export interface DiskOptions {
  readonly clock: Clock;
  /** Also keeps `.cloud-sync/SHA256SUMS`, which `sha256sum -c` accepts in the archive's root. */
  readonly hash?: HashName;
  /** What a new file must leave free, so that the manifest can still be written. Default: 8 MiB. */
  readonly minimumFreeBytes?: number;
  /** `never`: publish as on a file system without hard links. Default: `auto`. */
  readonly hardLinks?: 'auto' | 'never';
  /** How long a lease is good for without renewal. Default: a minute. */
  readonly leaseMs?: number;
}

interface KnownUpload {
  readonly state: UploadState;
  readonly parts: readonly Part[];
}

/** An archive in a directory. Nothing is touched before the first call. */
export function openDisk(directory: string, options: DiskOptions): Destination {
  const { clock, hash = null, minimumFreeBytes = 8 * 1024 * 1024, hardLinks = 'auto', leaseMs = 60_000 } = options;
  const location = resolve(directory);
  const tree = createTree(location);
  const space = createSpace(location, async () => freeBytesAt(location), minimumFreeBytes, clock);
  const guarded = async <T>(action: () => Promise<T>): Promise<T> =>
    action().catch((error: unknown) => {
      throw storeError(location, error);
    });
  const uploads = createUploads(tree, clock, space, hash === null ? 'parts' : 'whole');
  const smallFiles = createSmallFiles();
  const manifest = createManifest(tree.own('manifest.jsonl'));
  const sums = createJournal(tree.own('SHA256SUMS'), 'drop');
  let lease: Lease | undefined;
  const assertLease: Naming['assertLease'] = async ({ required }) => {
    if (lease) await lease.assertHeld();
    else if (required) throw new SyncError('LOCKED', `publishing in ${location} needs its lease, which was not taken`);
  };
  const naming: Naming = { hardLinks, assertLease, renameInTurn: oneAtATime() };
  const publisher: Publisher = { tree, clock, uploads, smallFiles, manifest, sums, hash, ...naming };

  return {
    location,
    // A file waits as long as it must.
    maxPauseMs: Infinity,
    identify: async () => guarded(async () => readArchiveId(tree)),
    initialise: async (id) => guarded(async () => writeArchiveId(tree, id, clock)),
    lease: async (owner) =>
      guarded(async () => {
        lease = await takeLease(tree, owner, clock, leaseMs);
        return lease;
      }),
    freeBytes: async () => guarded(async () => freeBytesAt(location)),
    open: async (file, wanted, known) =>
      guarded(async () => {
        const finished = await finishedFile(tree, manifest, file, wanted);
        if (finished) return { kind: 'finished', file: finished };
        const parts = await heldParts(publisher, wanted, known);
        await space.require(bytesToCome(wanted, parts ?? []));
        if (known && parts) return { kind: 'upload', state: known.state, parts, resumable: true };
        if (isSmall(wanted)) return { kind: 'upload', state: smallFiles.create(wanted), parts: [], resumable: false };
        return { kind: 'upload', state: await uploads.create(wanted), parts: [], resumable: true };
      }),
    writePart: (_file, state, number, sizeBytes) =>
      (isDraftId(state.id) ? uploads : smallFiles).writePart(state, number, sizeBytes),
    commit: async (file, state, received, whole) => {
      const parts = received.toSorted((a, b) => a.number - b.number);
      return guarded(async () => publish(publisher, { file, state, parts, whole }));
    },
    abort: async (state) => guarded(async () => dropUpload(publisher, state.id)),
    sweep: async (keep) => guarded(async () => uploads.sweep(keep)),
    stat: async (key, look) => guarded(async () => lookAt(tree, key, look)),
    list: () => guardedEach(location, presentFiles(tree, manifest)),
    unknown: (known) => guardedEach(location, unknownFiles(tree, known)),
    setAside: async (key) => guarded(async () => moveToQuarantine(tree, publisher, key, clock)),
    close: async () =>
      guarded(async () => {
        await uploads.close();
        await manifest.close();
        await sums.close();
      }),
  };
}

async function* guardedEach<T>(location: string, items: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* items;
  } catch (error) {
    throw storeError(location, error);
  }
}

/** The file at the key, if it is there as described, and described as this content of this original. */
async function finishedFile(
  tree: Tree,
  manifest: Manifest,
  file: FileDescription,
  wanted: Omit<UploadState, 'id'>,
): Promise<StoredFile | undefined> {
  const { original } = file;
  // Before anything is fetched: a place that cannot be used, such as a link that leads out of the archive.
  await tree.locate(original.key);
  // Asked first, because it knows at once of most files that they are new.
  const entry = await manifest.find(original.key);
  if (!entry?.description || !isSameOriginal(entry.description.original, original)) return undefined;
  const present = await lookAt(tree, original.key);
  if (!present) return undefined;
  const sameSize = entry.sizeBytes === present.sizeBytes && (wanted.sizeBytes ?? present.sizeBytes) === present.sizeBytes;
  const isSame = sameSize && sameContent(entry.description.validator, wanted.validator);
  return isSame ? { ...present, crc32: entry.crc32 } : undefined;
}

/** What is there of a known upload, if it is of the same content in the same cut; otherwise it is dropped. */
async function heldParts(
  drafts: Drafts,
  wanted: Omit<UploadState, 'id'>,
  known: KnownUpload | undefined,
): Promise<readonly Part[] | undefined> {
  if (!known) return undefined;
  const { state } = known;
  const sameCut = state.sizeBytes === wanted.sizeBytes && state.partSizeBytes === wanted.partSizeBytes;
  const sameValidator =
    state.validator.etag === wanted.validator.etag && state.validator.lastModified === wanted.validator.lastModified;
  const parts = sameCut && sameValidator ? await drafts.uploads.held(state, known.parts) : undefined;
  if (!parts) await dropUpload(drafts, state.id);
  return parts;
}

function bytesToCome(wanted: Omit<UploadState, 'id'>, parts: readonly Part[]): number {
  return Math.max(0, (wanted.sizeBytes ?? 0) - parts.reduce((sum, part) => sum + part.sizeBytes, 0));
}
