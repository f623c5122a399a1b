import type { LeaseCell } from '../lease.ts';
import type { Evidence, Original, Role, Validator } from '../media.ts';
import type { Thawing } from './thawing.ts';

/**
 * What the archive itself says about a file. A lost tracker can be rebuilt from these descriptions.
 */
export interface FileDescription {
  readonly original: Original;
  /** The provider's name of the medium, unchanged. The name may be empty or hostile. */
  readonly originalName: string;
  readonly capturedAt: string | null;
  /** The provider's type of the medium. Absent if an earlier version wrote the description. */
  readonly mediumType?: string;
  /** The model of the camera. Absent if it is unknown. */
  readonly camera?: string;
  /**
   * How many originals of the medium have a role in `roles`. The medium was resolved for these
   * roles.
   */
  readonly originalsOfMedium: number;
  readonly roles: readonly Role[];
  /** The ETag and date that the source gave for the content. */
  readonly validator: Validator;
  /** The fields of the listing that show a change of the medium, as one opaque string. */
  readonly mediumVersion: string;
  /**
   * What is known of the content. Undefined if the provider was not asked for a claim. While the
   * upload is open, the proof is not known yet, and only the claim counts. An archive may forget
   * `claimPartBytes`.
   */
  readonly evidence?: Evidence;
}

/** Everything that is needed to resume an upload. The tracker stores it and passes it to `open`. */
export interface UploadState {
  /**
   * The destination's own name for the upload. Empty if the upload was never saved and the process
   * that began it has ended.
   */
  readonly id: string;
  readonly partSizeBytes: number;
  /** null if the source does not state a size. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
  /**
   * The part sizes of the claim for which each part keeps digests, in bytes. Absent if the parts
   * keep no digests.
   */
  readonly claimPartSizes?: readonly number[];
  /**
   * The claim that the store already keeps with the upload, as text. Absent if it keeps none. The
   * destination sets this.
   */
  readonly describedClaim?: string;
  /** True if a reply for these bytes showed that their ETag is no digest. */
  readonly makesNoClaim?: boolean;
}

/** An upload to begin or to continue. */
export type WantedUpload = Omit<UploadState, 'id' | 'describedClaim'>;

/** What the tracker stored about an earlier upload: its state, and the parts that were recorded. */
export interface KnownUpload {
  readonly state: UploadState;
  readonly parts: readonly Part[];
}

/** The size and checksum of a whole file, or of a range in a file. */
export interface ContentFacts {
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** A finished part. `number` counts from 1; part n begins at (n − 1) × partSizeBytes. */
export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  /** The store's receipt for the part, such as an ETag. Empty if the store gives no receipt. */
  readonly receipt: string;
  /**
   * The digests of the claim in this part, as `encodeDigests` writes them. Absent if none are kept.
   */
  readonly digests?: string;
}

/** A file in the archive. */
export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * The checksum of the whole file. null if the store would have to read the file to compute it.
   */
  readonly crc32: number | null;
  /**
   * The store's own ETag of the whole file. Absent if the store has none.
   */
  readonly etag?: string;
}

/**
 * A stored file with its description. The description is undefined if it is unreadable, or if Cloud
 * Sync did not write the file.
 */
export interface DescribedFile extends StoredFile {
  readonly description: FileDescription | undefined;
}

/**
 * A file that the archive describes. `sizeBytes` and `crc32` come from the description, even if the
 * file is absent now or has another size.
 */
export interface ListedFile extends DescribedFile {
  /** The size that the file has now. null if the file is absent. */
  readonly presentBytes: number | null;
}

/**
 * Accepts the bytes of one part in order. If the part's length is known, at most 256 KiB stay in
 * memory.
 */
export interface PartWriter {
  /**
   * Writes the next chunk. If the result is a promise, the caller waits for it before the next
   * chunk. Otherwise the caller goes on immediately and overwrites the chunk's memory, so the
   * writer must copy the bytes that it still needs.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends the part after its last byte. Errors: STORE_FAILED, DESTINATION_FULL. */
  end(crc32: number): Promise<Part>;
  /**
   * Abandons the part, so that its bytes never count. `abort` is safe at any time, and may be
   * called twice.
   */
  abort(): void;
}

export type Opened =
  /** The whole file is already stored and described as this original, so nothing is transferred. */
  | { readonly kind: 'finished'; readonly file: StoredFile }
  /**
   * `parts` are already stored. `state` is new if no earlier upload could be resumed. If
   * `resumable` is true, the parts stay stored when this process ends, so the tracker stores the
   * state and the parts. A small file is not resumable, because fetching it again costs less than
   * recording its parts.
   */
  | { readonly kind: 'upload'; readonly state: UploadState; readonly parts: readonly Part[]; readonly resumable: boolean };

/**
 * Takes the next bytes of a file. If the result is a promise, the caller waits for it before it
 * overwrites the bytes.
 */
export type TakeBytes = (bytes: Uint8Array) => Promise<void> | undefined;

export interface StatOptions {
  readonly deep?: boolean;
  /**
   * With `deep`: the first byte to read. The result then has the size and CRC32 of the bytes that
   * were read. Default: 0.
   */
  readonly from?: number;
  /** With `deep`: where to stop reading. This byte is not read. Default: the end of the file. */
  readonly to?: number;
  readonly take?: TakeBytes | undefined;
  readonly signal?: AbortSignal;
}

/** What it takes to read files to their end. */
export interface ReadingTerms {
  /** Says which prices `usd` is computed from. */
  readonly prices: string;
  /** False if the store keeps the file in an archive class. */
  isReadable(key: string): boolean;
  /** The price of reading a file once, in USD. */
  usd(file: { readonly key: string; readonly sizeBytes: number }): number;
}

export interface ListOptions {
  /** The keys of files to leave out. */
  readonly except?: Keys;
  /**
   * Called for each file that the place refuses to show. Without it, such a file ends the listing
   * with an error.
   */
  readonly onUnreadable?: (key: string, error: unknown) => void;
}

/** A set of keys. */
export interface Keys {
  has(key: string): boolean;
}

/**
 * The place of an archive. A destination only adds files: no method deletes or replaces an archived
 * file. Every method may throw DESTINATION_UNUSABLE, DESTINATION_FULL or STORE_FAILED (worth
 * another attempt). An adapter omits the optional methods that its store cannot support.
 */
export interface Destination {
  /** An absolute directory, or `s3://bucket/prefix`. Used in messages. */
  readonly location: string;

  /**
   * How long a source may pause within a part, in ms. After a longer pause the part must be
   * repeated.
   */
  readonly maxPauseMs: number;

  /** Returns the archive's id, or undefined if this place is not an archive. Creates nothing. */
  identify(): Promise<string | undefined>;

  /**
   * Makes this place the archive `id`, unless it already is an archive. Returns the id that the
   * archive then has.
   */
  initialise(id: string): Promise<string>;

  /** The lease of the run that works on the archive. Absent if the store cannot hold a lease. */
  readonly lease?: LeaseCell;

  /**
   * Returns the free space in bytes, or null if the place does not exist yet or does not report its
   * free space. The method is absent if the place has no limit.
   */
  freeBytes?(): Promise<number | null>;

  /**
   * Begins or resumes an upload to `file.original.key`. The known upload is resumed only if its
   * size and validator are the same as in `wanted`. It keeps its part size. A part of `known`
   * counts only if the store has the part too. The result is never `finished` if the file at the
   * key is described as another original. If a process of an earlier lease may still have the known
   * upload open, the parts of that upload are copied to a new upload. If the result is not the
   * known upload, the caller saves the result and then aborts the known upload. Space for the whole
   * rest of the file is reserved until `commit`, `abort` or `pause`. `replaces` means that the file
   * at the key is damaged, so that file never counts as finished. Errors: KEY_TAKEN if the
   * destination sees at once that the key has another file; otherwise `commit` says so.
   */
  open(
    file: FileDescription,
    wanted: WantedUpload,
    known?: KnownUpload,
    options?: { readonly replaces: boolean },
  ): Promise<Opened>;

  /**
   * Writes part `number`, which has `sizeBytes` (null if unknown). Several parts may be written at
   * the same time.
   */
  writePart(file: FileDescription, state: UploadState, number: number, sizeBytes: number | null): PartWriter;

  /**
   * Publishes and describes the file if its key is free. The store checks size and CRC32, or the
   * bytes are read back. A call also succeeds if the key already has the same bytes, for example
   * after a lost reply or an earlier call. Errors: KEY_TAKEN (the key has other bytes),
   * CHECKSUM_MISMATCH (the published bytes are wrong and do not count), UPLOAD_LOST (the upload
   * must start again, for example because the process that began it has ended). With `replaces`, a
   * file with other bytes is first moved to the quarantine, if `replacesDamaged` is true. `movedTo`
   * is the new path of the moved file in the archive.
   */
  commit(
    file: FileDescription,
    state: UploadState,
    parts: readonly Part[],
    whole: ContentFacts,
    options?: { readonly replaces: boolean },
  ): Promise<StoredFile & { readonly movedTo?: string }>;

  /**
   * Replaces what the archive's own description of a stored file says of the claim. Changes nothing
   * if the file has no description. Errors: DESTINATION_FULL, STORE_FAILED.
   */
  describe(file: ContentFacts & { readonly key: string }, evidence: Evidence): Promise<void>;

  /**
   * Ends the reservation of space for an upload that gets no more bytes for now. Its stored parts
   * stay, and `open` may resume it. The method is absent if the destination reserves no space.
   */
  pause?(state: UploadState): void;
  /**
   * Reads the stored bytes of an unfinished upload in order. All its parts are stored. The method
   * is absent if the store does not show unfinished uploads. Errors: UPLOAD_LOST.
   */
  readUpload?(state: UploadState, sizeBytes: number, take: TakeBytes, signal: AbortSignal): Promise<void>;
  /** Drops an unfinished upload. Does not throw if the upload is already gone. */
  abort(state: UploadState): Promise<void>;

  /** Drops unfinished uploads that are not in `keep` and have not changed for 30 days. */
  sweep(keep: ReadonlySet<string>): Promise<void>;

  /**
   * Returns the file at `key`, or undefined. `deep` reads the bytes and computes their CRC32. Then
   * `take` gets the bytes in order, before the result is known.
   * Errors: UNREADABLE (the store has the file in an archive class), CHECKSUM_MISMATCH (the disk
   * can no longer read the bytes).
   */
  stat(key: string, options?: StatOptions): Promise<StoredFile | undefined>;

  /**
   * Finds out what it takes to read the stored files. The method is absent if reading costs nothing
   * and no file has to be restored first.
   */
  readingTerms?(): Promise<ReadingTerms>;

  /** How to read files in archive classes. Absent if the place has no such classes. */
  readonly thawing?: Thawing;

  /**
   * Yields each file that has a description, once, with its latest description, in any order. Also
   * yields an absent file if its description is stored outside of the file.
   */
  list(options?: ListOptions): AsyncIterable<ListedFile>;

  /** True if a description may be stored inside its file, and vanish together with the file. */
  readonly forgetsAbsentFiles: boolean;

  /**
   * Yields the keys of files in the archive that have no description. `known` has the keys of all
   * described files.
   */
  unknown(known: ReadonlySet<string>): AsyncIterable<string>;

  /**
   * True if `commit` can move a damaged file away and store its replacement under the same key.
   * Otherwise the replacement is stored as the next revision.
   */
  readonly replacesDamaged: boolean;

  /**
   * Returns the path of the latest file that was moved away from `key`, relative to the archive.
   * The method is absent if the destination moves no files.
   */
  quarantined?(key: string): Promise<string | undefined>;

  close(): Promise<void>;
}
