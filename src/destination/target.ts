import type { LeaseCell } from '../lease.ts';
import type { ContentFacts, TakeBytes } from './destination.ts';

/**
 * A directory into which files of an archive are restored. Unfinished files are in its folder
 * `.cloud-sync`. No method replaces or changes a file outside of that folder. A name is a path in
 * the directory, with `/` as the separator.
 *
 * Every method may throw DESTINATION_UNUSABLE or DESTINATION_FULL, which stop the run.
 * STORE_REFUSED and STORE_FAILED concern one file.
 */
export interface Target {
  /** An absolute path. Used in messages. */
  readonly location: string;
  /** Only one run may write to the directory. `prepare` comes first. */
  readonly lease: LeaseCell;
  /** Creates the folder `.cloud-sync`. The directory exists. */
  prepare(): Promise<void>;
  /** Returns the longest name of a file or folder that the file system accepts, in bytes. */
  maxNameBytes(): Promise<number>;
  /** Compares the file at a name with the wanted content, by its size and its bytes. */
  compare(name: string, wanted: ContentFacts, signal: AbortSignal): Promise<'absent' | 'same' | 'other'>;
  /**
   * Begins a file, or continues with the bytes that an earlier run has stored. Reserves the space
   * for its other bytes. Errors: TOO_LARGE.
   */
  begin(name: string, wanted: ContentFacts): Promise<TargetFile>;
  /** Makes the names of all restored files durable. */
  syncNames(): Promise<void>;
  /** Removes everything in `.cloud-sync`, because all files are restored. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** An unfinished file. Disposing it closes it and keeps its bytes for the next run. */
export interface TargetFile extends AsyncDisposable {
  storedBytes(): number;
  /** Reads the stored bytes, and gives them to `take`. */
  measure(signal: AbortSignal, take?: TakeBytes): Promise<ContentFacts>;
  /** Adds the next bytes. The caller may overwrite them when the promise resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Drops all stored bytes. Errors: LEASE_LOST. */
  restart(): Promise<void>;
  /**
   * Makes the file durable, reads it back, and gives it its name and time. Returns false if the
   * name is taken. `capturedAt` is in ISO 8601. Errors: CHECKSUM_MISMATCH if the disk changed the
   * bytes.
   */
  publish(capturedAt: string | null, signal: AbortSignal): Promise<boolean>;
  /** Removes the unfinished file. */
  drop(): Promise<void>;
}
