import type { Original, Role, Validator } from '../media.ts';

/** What the archive itself says about a file, so that a lost tracker can be rebuilt from it. */
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
  /** The listing's fields that show a change of the medium, as one opaque string. */
  readonly mediumVersion: string;
}

/** What a resume needs to know; kept by the tracker, given back to `open`. */
export interface UploadState {
  /** The destination's own handle. Empty: a not resumable upload that ended with its process. */
  readonly id: string;
  readonly partSizeBytes: number;
  /** null: the source does not say. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
}

/** An upload that is to begin or to go on. */
export type WantedUpload = Omit<UploadState, 'id'>;

/** What the tracker kept of an earlier upload, and the parts that it recorded. */
export interface KnownUpload {
  readonly state: UploadState;
  readonly parts: readonly Part[];
}

/** Size and checksum of a whole file or of a range of it. */
export interface ContentFacts {
  readonly sizeBytes: number;
  readonly crc32: number;
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
  /** Of the whole file; null: the store would have to read it. */
  readonly crc32: number | null;
}

/** A stored file with its description; undefined: not ours, or unreadable. */
export interface DescribedFile extends StoredFile {
  readonly description: FileDescription | undefined;
}

/** Takes the bytes of one part in order. Holds at most 256 KiB of a part of known length. */
export interface PartWriter {
  /**
   * undefined: go on; a promise: wait for it before the next call. From then on the chunk is the
   * caller's again and may be filled anew: a writer that needs its bytes for longer copies them.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends the part after its last byte. Errors: STORE_FAILED, DESTINATION_FULL. */
  end(crc32: number): Promise<Part>;
  /** Gives the part up: its bytes never count. Safe to call at any time, also twice. */
  abort(): void;
}

export type Opened =
  /** The whole file is already stored and described as this original: nothing to transfer. */
  | { readonly kind: 'finished'; readonly file: StoredFile }
  /**
   * `parts` are already stored; `state` is new if nothing could be resumed. `resumable`: what is
   * stored before `commit` outlives this process, so the tracker keeps state and parts. A small
   * file is not resumable: fetching it again costs less than remembering its parts.
   */
  | { readonly kind: 'upload'; readonly state: UploadState; readonly parts: readonly Part[]; readonly resumable: boolean };

/**
 * Where originals land. Append-only: nothing here deletes or replaces an archived file. Errors of
 * every method: DESTINATION_UNUSABLE, DESTINATION_FULL, STORE_FAILED (worth another attempt). An
 * optional method is a capability: an adapter leaves it out if its store cannot do it.
 */
export interface Destination {
  /** An absolute directory or `s3://bucket/prefix`, for messages. */
  readonly location: string;

  /** How long a source may pause within a part before the part must be repeated, in ms. */
  readonly maxPauseMs: number;

  /** The archive's id; undefined if this place is no archive. Creates nothing. */
  identify(): Promise<string | undefined>;

  /** Makes this place the archive `id` unless it is one already; returns the id that it has now. */
  initialise(id: string): Promise<string>;

  /** Takes the place for one run, until disposed. LOCKED: a live run holds it. Absent: no locks. */
  lease?(owner: string): Promise<AsyncDisposable>;

  /** Free space in bytes; null: the place does not exist yet or does not say. Absent: no limit. */
  freeBytes?(): Promise<number | null>;

  /**
   * Begins or resumes an upload to `file.original.key`. A part of `known` counts only if the store
   * has it too. Resumes only if size, validator and part size agree, else drops the earlier upload.
   * Never `finished` if the file at the key is described as another original.
   */
  open(file: FileDescription, wanted: WantedUpload, known?: KnownUpload): Promise<Opened>;

  /** Writes part `number` of `sizeBytes` (null: unknown). Several parts may be written at once. */
  writePart(file: FileDescription, state: UploadState, number: number, sizeBytes: number | null): PartWriter;

  /**
   * Publishes the file only if its key is free, and describes it. The store checks size and CRC32,
   * or they are read back. Idempotent: a repeated call, a lost reply or a key that already holds
   * the same bytes is a success. Errors: KEY_TAKEN (the key holds other bytes), CHECKSUM_MISMATCH
   * (nothing was published that counts), UPLOAD_LOST (start over; also if the upload ended with its
   * process and the key is free).
   */
  commit(file: FileDescription, state: UploadState, parts: readonly Part[], whole: ContentFacts): Promise<StoredFile>;

  /** Drops an unfinished upload. Never throws for one that is gone. */
  abort(state: UploadState): Promise<void>;

  /** Drops unfinished uploads that are not in `keep` and that nobody has touched for a week. */
  sweep(keep: ReadonlySet<string>): Promise<void>;

  /** The file at `key`, or undefined. `deep` reads its bytes and computes the CRC32 of them. */
  stat(key: string, options?: { readonly deep?: boolean; readonly signal?: AbortSignal }): Promise<StoredFile | undefined>;

  /** Every file that describes itself, once each with its latest description, in any order. */
  list(): AsyncIterable<DescribedFile>;

  /** Keys of files in the archive's place that no description covers. */
  unknown(known: ReadonlySet<string>): AsyncIterable<string>;

  /**
   * Moves a damaged file out of its key without deleting it, so that the key is free again; returns
   * its new path. Absent: the store cannot move a file, and the replacement is the next revision.
   */
  setAside?(key: string): Promise<string>;

  close(): Promise<void>;
}
