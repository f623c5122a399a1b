import type { Original, Role, Validator } from '../media.ts';

/**
 * What the archive itself says about a file. A lost tracker can be rebuilt from these descriptions.
 */
export interface FileDescription {
  readonly original: Original;
  /** The provider's name of the medium, unchanged. It may be empty or hostile. */
  readonly originalName: string;
  readonly capturedAt: string | null;
  /** How many originals the medium has in `roles`, which are the roles that it was resolved for. */
  readonly originalsOfMedium: number;
  readonly roles: readonly Role[];
  /** The source's validator of the content. */
  readonly validator: Validator;
  /** The listing's fields that show a change of the medium, as one opaque string. */
  readonly mediumVersion: string;
}

/** What is needed to resume an upload. The tracker stores it and passes it back to `open`. */
export interface UploadState {
  /**
   * The destination's own handle. It is empty for an upload that cannot be resumed and ended with
   * its process.
   */
  readonly id: string;
  readonly partSizeBytes: number;
  /** null: the source does not state a size. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
}

/** An upload to begin or to continue. */
export type WantedUpload = Omit<UploadState, 'id'>;

/** What the tracker stored of an earlier upload: its state, and the parts that it recorded. */
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
  /** The store's receipt, such as an ETag; empty when the store gives none. */
  readonly receipt: string;
}

/** A file in the archive. */
export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  /** The checksum of the whole file; null when the store would have to read the file for it. */
  readonly crc32: number | null;
}

/**
 * A stored file with its description. It is undefined when the description is unreadable or the
 * file is not ours.
 */
export interface DescribedFile extends StoredFile {
  readonly description: FileDescription | undefined;
}

/**
 * Takes the bytes of one part in order. It keeps at most 256 KiB of a part whose length is known.
 */
export interface PartWriter {
  /**
   * undefined: send the next chunk. A promise: wait for it first. After that the caller may fill
   * the chunk's memory again, so a writer that needs the bytes for longer copies them.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends the part after its last byte. Errors: STORE_FAILED, DESTINATION_FULL. */
  end(crc32: number): Promise<Part>;
  /**
   * Abandons the part, so that its bytes never count. It is safe at any time, and more than once.
   */
  abort(): void;
}

export type Opened =
  /** The whole file is already stored and described as this original, so nothing is transferred. */
  | { readonly kind: 'finished'; readonly file: StoredFile }
  /**
   * `parts` are already stored. `state` is new if nothing could be resumed. `resumable` means that
   * parts outlive this process before `commit`, so the tracker stores the state and the parts. A
   * small file is not resumable: fetching it again costs less than recording its parts.
   */
  | { readonly kind: 'upload'; readonly state: UploadState; readonly parts: readonly Part[]; readonly resumable: boolean };

/**
 * The place of an archive. It only adds: no method deletes or replaces an archived file. Every
 * method may throw DESTINATION_UNUSABLE, DESTINATION_FULL or STORE_FAILED (worth another attempt).
 * Optional methods are capabilities: an adapter omits those that its store does not have.
 */
export interface Destination {
  /** An absolute directory or `s3://bucket/prefix`, for messages. */
  readonly location: string;

  /** How long a source may pause within a part before the part must be repeated, in ms. */
  readonly maxPauseMs: number;

  /** The archive's id; undefined if this place is not an archive. It creates nothing. */
  identify(): Promise<string | undefined>;

  /**
   * Makes this place the archive `id` unless it is an archive already. Returns the id that it has
   * afterwards.
   */
  initialise(id: string): Promise<string>;

  /**
   * Reserves the place for one run, until disposed. Throws LOCKED if a live run has reserved it.
   * Absent when the store has no locks.
   */
  lease?(owner: string): Promise<AsyncDisposable>;

  /**
   * Free space in bytes; null when the place does not exist yet or does not report it. Absent when
   * there is no limit.
   */
  freeBytes?(): Promise<number | null>;

  /**
   * Begins or resumes an upload to `file.original.key`. A part of `known` counts only if the store
   * has it too. It resumes only if size, validator and part size are equal; otherwise it drops the
   * earlier upload. It is never `finished` if the file at the key is described as another original.
   */
  open(file: FileDescription, wanted: WantedUpload, known?: KnownUpload): Promise<Opened>;

  /** Writes part `number` of `sizeBytes` (null: unknown). Several parts may be written at once. */
  writePart(file: FileDescription, state: UploadState, number: number, sizeBytes: number | null): PartWriter;

  /**
   * Publishes the file only if its key is free, and describes it. The store checks size and CRC32,
   * or the bytes are read back. A repeated call succeeds, and so does a call after a lost reply or
   * for a key that already has the same bytes. Errors: KEY_TAKEN (the key has other bytes),
   * CHECKSUM_MISMATCH (the published bytes are wrong and do not count), UPLOAD_LOST (start over;
   * also if the upload ended with its process and the key is free).
   */
  commit(file: FileDescription, state: UploadState, parts: readonly Part[], whole: ContentFacts): Promise<StoredFile>;

  /** Drops an unfinished upload. It does not throw if the upload is already gone. */
  abort(state: UploadState): Promise<void>;

  /** Drops unfinished uploads that are not in `keep` and have not changed for a week. */
  sweep(keep: ReadonlySet<string>): Promise<void>;

  /** The file at `key`, or undefined. `deep` reads its bytes and computes their CRC32. */
  stat(key: string, options?: { readonly deep?: boolean; readonly signal?: AbortSignal }): Promise<StoredFile | undefined>;

  /** Every file that describes itself, once each with its latest description, in any order. */
  list(): AsyncIterable<DescribedFile>;

  /** Keys of files in the archive that no description covers. */
  unknown(known: ReadonlySet<string>): AsyncIterable<string>;

  /**
   * Moves a damaged file away from its key without deleting it, and returns its new path. The key
   * is then free. Absent when the store cannot move a file; then the replacement is the next
   * revision.
   */
  setAside?(key: string): Promise<string>;

  close(): Promise<void>;
}
