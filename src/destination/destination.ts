import type { Original, Role, Validator } from '../media.ts';

/** What the archive itself must be able to tell about a file, so that a lost tracker can be rebuilt from it. */
export interface FileDescription {
  readonly original: Original;
  /** The provider's name of the medium, as it was; may be empty or hostile. */
  readonly originalName: string;
  readonly capturedAt: string | null;
  /** How many originals its medium has in `roles`, and the roles that it was resolved for. */
  readonly originalsOfMedium: number;
  readonly roles: readonly Role[];
  /** The source's validator of the content. */
  readonly validator: Validator;
  /** The listing's fields that tell a changed medium, as one opaque string. */
  readonly mediumVersion: string;
}

/** What a resume needs to know; kept by the tracker, given back to `open`. */
export interface UploadState {
  /** The destination's own handle, opaque to everyone else. Empty: an upload that was not resumable and ended with its process. */
  readonly id: string;
  readonly partSizeBytes: number;
  /** null: the source does not say. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
}

/** A finished part. `number` is 1-based; part n begins at (n − 1) × partSizeBytes. */
export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  /** The store's receipt, such as an ETag; empty when it has none. */
  readonly receipt: string;
}

/** A file as the archive has it. */
export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  /** Of the whole file, or null when the store cannot tell without reading it. */
  readonly crc32: number | null;
}

/** A file with the description it was stored with; `undefined` description: not ours, or unreadable. */
export interface DescribedFile extends StoredFile {
  readonly description: FileDescription | undefined;
}

/** Takes the bytes of one part in order. Holds no more than 256 KiB of a part of known length in memory. */
export interface PartWriter {
  /**
   * undefined: go on; a promise: wait for it before the next call. From then on the chunk is the caller's again, who may fill it anew: a
   * writer that needs its bytes for longer copies them.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Every byte was written. Resolves when the part is stored; the receipt goes to `commit`. Errors: STORE_FAILED, DESTINATION_FULL. */
  end(crc32: number): Promise<Part>;
  /** Gives the part up; what was written of it never counts. Safe to call at any time, also twice. */
  abort(): void;
}

export type Opened =
  /** The whole file is already stored and its description is this original's: nothing to transfer. */
  | { readonly kind: 'finished'; readonly file: StoredFile }
  /**
   * `parts` are those already stored; `state` is new when nothing could be resumed. `resumable`: what is stored before `commit` outlives this
   * process, so the tracker keeps state and parts. A small file is not: fetching it again costs less than remembering its parts.
   */
  | { readonly kind: 'upload'; readonly state: UploadState; readonly parts: readonly Part[]; readonly resumable: boolean };

/**
 * Where originals land. Append-only: nothing here deletes or replaces an archived file. Errors of every method:
 * DESTINATION_UNUSABLE, DESTINATION_FULL, STORE_FAILED (worth another attempt).
 */
export interface Destination {
  /** An absolute directory or `s3://bucket/prefix`, for messages. */
  readonly location: string;

  /** How long a source may pause in the middle of a part before the part must be repeated, in ms. */
  readonly maxPauseMs: number;

  /** The archive's id, or undefined when there is none here. Creates nothing. */
  identify(): Promise<string | undefined>;

  /** Makes this place the archive `id`. Only if it is none yet; returns the id that stands there afterwards. */
  initialise(id: string): Promise<string>;

  /** Takes the place for one run where the store can do so; a live other holder is LOCKED. Dispose to free it. */
  lease(owner: string): Promise<AsyncDisposable>;

  /** Free space in bytes, or null where that has no meaning. */
  freeBytes(): Promise<number | null>;

  /**
   * Begins or resumes an upload to `file.original.key`. `known` is what the tracker kept of an earlier one together with the parts it
   * recorded; a part counts only if the store has it too. Resumes only if size, validator and part size agree, else the
   * earlier upload is dropped. `finished` is never said of a file whose description is another original's.
   */
  open(
    file: FileDescription,
    wanted: Omit<UploadState, 'id'>,
    known?: { readonly state: UploadState; readonly parts: readonly Part[] },
  ): Promise<Opened>;

  /** A writer for part `number` of `sizeBytes` (null: unknown, at most a part). Several parts may be written at once. */
  writePart(file: FileDescription, state: UploadState, number: number, sizeBytes: number | null): PartWriter;

  /**
   * Publishes the file only if its key is free, with its size and CRC32 checked by the store or read back from it, and describes it.
   * Idempotent: a repeated call, a lost reply or a key that already holds the same bytes is a success. Errors: KEY_TAKEN (other
   * bytes are there), CHECKSUM_MISMATCH (nothing published that counts), UPLOAD_LOST (start over; also when the upload ended with its process and
   * nothing stands at the key).
   */
  commit(
    file: FileDescription,
    state: UploadState,
    parts: readonly Part[],
    whole: { readonly sizeBytes: number; readonly crc32: number },
  ): Promise<StoredFile>;

  /** Drops an unfinished upload. Never throws for one that is gone. */
  abort(state: UploadState): Promise<void>;

  /** Drops every unfinished upload of earlier runs whose id is not in `keep` and that nobody has touched for a week. */
  sweep(keep: ReadonlySet<string>): Promise<void>;

  /** The file at `key`, or undefined. With `deep` its bytes are read and the CRC32 is of what was read. */
  stat(key: string, options?: { readonly deep?: boolean; readonly signal?: AbortSignal }): Promise<StoredFile | undefined>;

  /** Every file that describes itself, once each with its latest description, in any order. Asks the provider nothing. */
  list(): AsyncIterable<DescribedFile>;

  /** Keys of files in the archive's place that no description covers. */
  unknown(known: ReadonlySet<string>): AsyncIterable<string>;

  /**
   * Moves a damaged file out of its key without deleting it, so that the key is free again; null where the store cannot move
   * (then the replacement is the next revision). Returns where it went.
   */
  setAside(key: string): Promise<string | null>;

  close(): Promise<void>;
}
