import { resolve } from 'node:path';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { sameContent } from '../../media.ts';
import { isSameOriginal } from '../description.ts';
import type { Destination, FileDescription, KnownUpload, Opened, Part, StoredFile, WantedUpload } from '../destination.ts';
import { canResume } from '../upload-state.ts';
import { readArchiveId, writeArchiveId } from './bookkeeping/archive-id.ts';
import { describedFiles, statFile, unknownFiles } from './bookkeeping/inventory.ts';
import { Journal } from './bookkeeping/journal.ts';
import { createLeaseFile, type LeaseFile } from './bookkeeping/lease.ts';
import { createManifest } from './bookkeeping/manifest.ts';
import { quarantinedCopy } from './bookkeeping/quarantine.ts';
import type { HashName } from './content.ts';
import { isDraftId, newDraftId } from './drafts.ts';
import type { Received } from './durable.ts';
import { oneAtATime } from './files.ts';
import { requireFileName, requireFileSize } from './limits.ts';
import { dropUpload, publish, type Publisher } from './publish.ts';
import { readDraft } from './read-draft.ts';
import { createSmallFiles, isSmall, newSmallFileId } from './small-files.ts';
import { createSpace, freeBytesAt, releaseSpace, requireSpace, reserveSpace } from './space.ts';
import { storeError, unusableError } from './store-error.ts';
import { createTree, type Tree } from './tree.ts';
import { beginUpload, ownUpload, closeUploads, createUploads, heldParts, sweepDrafts, writePart } from './uploads.ts';

export interface DiskOptions {
  readonly clock: Clock;
  /**
   * If set, each file also gets a line in `.cloud-sync/SHA256SUMS`, which `sha256sum -c` accepts in
   * the archive's root.
   */
  readonly hash?: HashName;
  /**
   * The free space that must remain after a new file, so that the manifest can still be written.
   * Default: 8 MiB.
   */
  readonly minimumFreeBytes?: number;
  /**
   * `never` publishes files without hard links. `auto` (the default) uses hard links if the file
   * system has them.
   */
  readonly hardLinks?: 'auto' | 'never';
}

/** The state of one open archive. */
interface Disk extends Publisher {
  readonly leaseFile: LeaseFile;
}

/** A destination with every optional method, except for `readingTerms`. */
type DiskDestination = Required<Omit<Destination, 'readingTerms' | 'thawing'>>;

/** Opens an archive in a directory. The directory is not touched before the first call. */
export function openDisk(directory: string, options: DiskOptions): DiskDestination {
  const { clock } = options;
  const disk = createDisk(resolve(directory), options);
  const { tree, manifest, uploads, smallFiles, leaseFile } = disk;
  const location = tree.root;
  const { translated, guarded, needed } = guardsOf(tree);
  // A run that has the lease tries again to renew it. Without the lease no run is possible.
  const forLease = async <T>(action: () => Promise<T>): Promise<T> => (leaseFile.ours() ? guarded : needed)(action);
  return {
    location,
    // A part on the disk may wait for its next bytes without a time limit.
    maxPauseMs: Infinity,
    identify: async () => needed(async () => readArchiveId(tree)),
    initialise: async (id) => needed(async () => writeArchiveId(tree, id, clock)),
    lease: {
      read: async () => forLease(async () => leaseFile.read()),
      replace: async (before, after) => forLease(async () => leaseFile.replace(before, after)),
    },
    freeBytes: async () => guarded(async () => freeBytesAt(location)),
    open: async (file, wanted, known, how) => guarded(async () => openUpload(disk, file, wanted, known, how)),
    writePart: (_file, state, number, sizeBytes) =>
      isDraftId(state.id) ? writePart(uploads, state, number, sizeBytes) : smallFiles.writePart(state, number, sizeBytes),
    commit: async (file, state, received, whole, { replaces } = { replaces: false }) => {
      const parts = received.toSorted((a, b) => a.number - b.number);
      return guarded(async () => publishOwn(disk, { file, state, parts, whole, replaces }));
    },
    describe: async ({ key }, evidence) => guarded(async () => manifest.describe(key, evidence)),
    pause: (state) => releaseSpace(disk.uploads.space, state.id),
    readUpload: async (state, sizeBytes, take, signal) =>
      guarded(async () => readDraft(disk.uploads, state, sizeBytes, { take, signal })),
    abort: async (state) => guarded(async () => dropUpload(disk, state.id)),
    sweep: async (keep) => guarded(async () => sweepDrafts(uploads, keep)),
    stat: async (key, statOptions) => guarded(async () => statFile(tree, key, statOptions)),
    list: (options) => guardedEach(tree, describedFiles(tree, manifest, options)),
    forgetsAbsentFiles: false,
    unknown: (known) => guardedEach(tree, unknownFiles(tree, known)),
    replacesDamaged: true,
    quarantined: async (key) => guarded(async () => quarantinedCopy(tree, key)),
    close: async () => translated(async () => closeDisk(disk)),
  };
}

/** Runs an action and converts its errors. `guarded` and `needed` check our own folders first. */
function guardsOf(tree: Tree) {
  const translated = async <T>(action: () => Promise<T>): Promise<T> =>
    action().catch((error: unknown) => {
      throw storeError(tree.root, error);
    });
  const guarded = async <T>(action: () => Promise<T>): Promise<T> =>
    translated(async () => tree.requireOwnFolders().then(action));
  /** For an action without which no run is possible. */
  const needed = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      await tree.requireOwnFolders();
      return await action();
    } catch (error) {
      throw unusableError(tree.root, error);
    }
  };
  return { translated, guarded, needed };
}

function createDisk(location: string, options: DiskOptions): Disk {
  const { clock, hash = null, minimumFreeBytes = 8 * 1024 * 1024, hardLinks = 'auto' } = options;
  const tree = createTree(location);
  const space = createSpace({ location, askFreeBytes: async () => freeBytesAt(location), minimumFreeBytes, clock });
  const leaseFile = createLeaseFile(tree);
  const readBackBy = hash === null ? 'part' : 'whole file';
  const disk: Disk = {
    tree,
    clock,
    hash,
    uploads: createUploads({ tree, clock, space, readBackBy, lease: () => leaseFile.ours() }),
    smallFiles: createSmallFiles(),
    manifest: createManifest(tree.own('manifest.jsonl')),
    sums: new Journal(tree.own('SHA256SUMS'), 'drop'),
    leaseFile,
    hardLinks,
    assertLease: async () => {
      if (!(await disk.leaseFile.isOurs())) throw new SyncError('LEASE_LOST', `another run took over the archive in ${location}`);
    },
    renameInTurn: oneAtATime(),
  };
  return disk;
}

async function openUpload(
  disk: Disk,
  file: FileDescription,
  wanted: WantedUpload,
  known: KnownUpload | undefined,
  { replaces }: { readonly replaces: boolean } = { replaces: false },
): Promise<Opened> {
  const finished = replaces ? undefined : await finishedFile(disk, file, wanted);
  if (finished) return { kind: 'finished', file: finished };
  await requireFileSize(disk.uploads.limits, disk.tree.root, wanted.sizeBytes);
  const resumed = await resumeUpload(disk, wanted, known);
  if (resumed) return resumed;
  // A replacement is not held in memory. It must survive a crash, because the damaged file may
  // already be moved away.
  const isHeld = isSmall(wanted) && !replaces;
  const id = isHeld ? newSmallFileId() : newDraftId(disk.uploads.lease()?.fence);
  await reserveSpace(disk.uploads.space, id, bytesToCome(wanted, []));
  if (isHeld) return { kind: 'upload', state: disk.smallFiles.create(wanted, id), parts: [], resumable: false };
  return { kind: 'upload', state: await beginUpload(disk.uploads, wanted, id), parts: [], resumable: true };
}

/**
 * Publishes a draft that no other process has open. If the disk has no space for the necessary
 * copy, drops the draft, so that the file is fetched again.
 */
async function publishOwn(disk: Disk, received: Received): Promise<StoredFile> {
  const { uploads } = disk;
  const state = await ownUpload(uploads, received.state);
  if (!state) await dropUpload(disk, received.state.id);
  if (!state || state.id === received.state.id) return publish(disk, received);
  try {
    const stored = await publish(disk, { ...received, state });
    await dropUpload(disk, received.state.id);
    return stored;
  } finally {
    await dropUpload(disk, state.id);
  }
}

async function closeDisk({ uploads, manifest, sums, leaseFile }: Disk): Promise<void> {
  await closeUploads(uploads);
  await manifest.close();
  await sums.close();
  await leaseFile.close();
}

async function* guardedEach<T>(tree: Tree, items: AsyncIterable<T>): AsyncIterable<T> {
  try {
    await tree.requireOwnFolders();
    yield* items;
  } catch (error) {
    throw storeError(tree.root, error);
  }
}

/** Returns the file at the key if it is described as this content and has the described size. */
async function finishedFile(
  { tree, manifest }: Disk,
  { original }: FileDescription,
  wanted: WantedUpload,
): Promise<StoredFile | undefined> {
  // `locate` refuses a link that leads out of the archive, before any byte is fetched.
  await requireFileName(await tree.locate(original.key));
  // Most files are new, and the manifest shows this without a call to the file system.
  const entry = await manifest.find(original.key);
  if (!entry?.description || !isSameOriginal(entry.description.original, original)) return undefined;
  const present = await statFile(tree, original.key);
  if (!present) return undefined;
  const sameSize = entry.sizeBytes === present.sizeBytes && (wanted.sizeBytes ?? present.sizeBytes) === present.sizeBytes;
  const isSame = sameSize && sameContent(entry.description.validator, wanted.validator);
  return isSame ? { ...present, crc32: entry.crc32 } : undefined;
}

/** Continues a known upload. Drops it if it cannot be continued, or if its copy has no space. */
async function resumeUpload(disk: Disk, wanted: WantedUpload, known: KnownUpload | undefined): Promise<Opened | undefined> {
  if (!known) return undefined;
  const { uploads } = disk;
  const { space } = uploads;
  const parts = canResume(known.state, wanted) ? await heldParts(uploads, known.state, known.parts) : undefined;
  if (parts) {
    const comingBytes = bytesToCome(wanted, parts);
    await requireSpace(space, comingBytes);
    const state = await ownUpload(uploads, known.state, comingBytes);
    if (state) {
      // If another file has taken the space meanwhile, a copy is of no use.
      const isCopy = state.id !== known.state.id;
      await reserveSpace(space, state.id, comingBytes).catch(async (error: unknown) => {
        if (isCopy) await dropUpload(disk, state.id);
        throw error;
      });
      return { kind: 'upload', state, parts, resumable: true };
    }
  }
  await dropUpload(disk, known.state.id);
  return undefined;
}

function bytesToCome(wanted: WantedUpload, parts: readonly Part[]): number {
  return Math.max(0, (wanted.sizeBytes ?? 0) - parts.reduce((sum, part) => sum + part.sizeBytes, 0));
}
