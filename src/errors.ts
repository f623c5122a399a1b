/**
 * Every failure that Cloud Sync can name. The code decides what the runner does. The message says
 * what happened, and the hint says what to do next. No code compares messages.
 */

import { describeSystemError, systemErrorCode } from './lib/files/system-error.ts';

/**
 * What the runner does after an error: `retry` the original, `restart` it from its first byte,
 * `fail` this original or medium and continue with the others, `defer` it to a later time or slice,
 * or `stop` the run.
 */
export type Decision = 'retry' | 'restart' | 'fail' | 'defer' | 'stop';

interface ErrorKind {
  readonly decision: Decision;
  /** The exit code of the process if this error ends the run. */
  readonly exitCode: number;
  readonly meaning: string;
}

export const errorKinds = {
  USAGE: { decision: 'stop', exitCode: 2, meaning: 'An option, argument or configuration value is wrong' },
  CONFIG_UNREADABLE: {
    decision: 'stop',
    exitCode: 2,
    meaning: 'The configuration, or another file that the program needs, cannot be read or written',
  },
  CREDENTIALS_MISSING: { decision: 'stop', exitCode: 3, meaning: 'No usable credentials for the provider' },
  CREDENTIALS_EXPIRED: { decision: 'stop', exitCode: 3, meaning: 'The provider refuses the credentials, confirmed by a probe' },
  LOCKED: { decision: 'stop', exitCode: 4, meaning: 'Another run holds the lease' },
  PROVIDER_CHANGED: {
    decision: 'stop',
    exitCode: 5,
    meaning: "The provider's API no longer has the shape that Cloud Sync knows",
  },
  PROVIDER_DOWN: { decision: 'stop', exitCode: 5, meaning: 'The provider stays unreachable or keeps answering with errors' },
  LISTING_UNTRUSTED: { decision: 'stop', exitCode: 5, meaning: 'The listing contradicts itself or the media that are known' },
  DESTINATION_UNUSABLE: { decision: 'stop', exitCode: 6, meaning: 'The destination is missing, read-only, or denies access' },
  DESTINATION_FULL: { decision: 'stop', exitCode: 6, meaning: 'The destination has no space left' },
  ARCHIVE_UNKNOWN: { decision: 'stop', exitCode: 6, meaning: 'The destination is not the archive that the tracker knows' },
  TRACKER_UNUSABLE: { decision: 'stop', exitCode: 2, meaning: 'The tracker cannot be opened or written' },
  INTERRUPTED: { decision: 'stop', exitCode: 130, meaning: 'The run was interrupted by SIGINT; its progress is kept' },
  TERMINATED: { decision: 'stop', exitCode: 143, meaning: 'The run was ended by SIGTERM; its progress is kept' },

  SOURCE_GONE: { decision: 'fail', exitCode: 1, meaning: 'The provider no longer has the medium' },
  NOT_OFFERED: { decision: 'fail', exitCode: 1, meaning: 'The medium no longer offers the original' },
  API_REFUSED: { decision: 'retry', exitCode: 1, meaning: 'The provider answered an API call with an error' },
  URL_REFUSED: { decision: 'retry', exitCode: 1, meaning: 'The signed URL is refused or expired' },
  HTTP_STATUS: { decision: 'retry', exitCode: 1, meaning: 'The media host answered with an error' },
  HOST_BUSY: { decision: 'retry', exitCode: 1, meaning: 'The media host asks to wait' },
  CONNECTION_LOST: { decision: 'retry', exitCode: 1, meaning: 'The connection broke' },
  STALLED: { decision: 'retry', exitCode: 1, meaning: 'No byte, or too few bytes, arrived within the stall timeout' },
  TRUNCATED: { decision: 'retry', exitCode: 1, meaning: 'The reply ended before its declared length' },
  NOT_MEDIA: { decision: 'retry', exitCode: 1, meaning: 'The reply is not the media file (a web page, JSON, or other content)' },
  RANGE_IGNORED: { decision: 'restart', exitCode: 1, meaning: 'The media host does not honour ranges for this file' },
  SIZE_UNPROVEN: {
    decision: 'restart',
    exitCode: 1,
    meaning: 'The lengths of the file contradict each other, or its length is unknown',
  },
  SOURCE_CHANGED: { decision: 'restart', exitCode: 1, meaning: 'The content or the set of originals changed at the source' },
  CHECKSUM_MISMATCH: { decision: 'restart', exitCode: 1, meaning: 'The stored bytes differ from the received bytes' },
  CLAIM_MISMATCH: {
    decision: 'restart',
    exitCode: 1,
    meaning: "The bytes that arrived do not match the provider's own word for them",
  },
  PROOF_POSTPONED: {
    decision: 'defer',
    exitCode: 1,
    meaning: "Other files must show first whether the provider's word for this file can be trusted",
  },
  UPLOAD_LOST: { decision: 'restart', exitCode: 1, meaning: 'The destination no longer has the unfinished upload' },
  STORE_FAILED: { decision: 'retry', exitCode: 1, meaning: 'The destination failed to store bytes' },
  STORE_REFUSED: { decision: 'fail', exitCode: 1, meaning: 'The destination refuses the file, and would refuse it again' },
  FILE_MISSING: { decision: 'fail', exitCode: 1, meaning: 'The archive describes the file, but no longer has it' },
  UNREADABLE: { decision: 'fail', exitCode: 1, meaning: 'The store has the file, but does not show its bytes now' },
  NO_SPACE: {
    decision: 'fail',
    exitCode: 1,
    meaning: 'The destination has no space for this file, but may have space for others',
  },
  SPACE_RESERVED: {
    decision: 'defer',
    exitCode: 1,
    meaning: 'Other files in transfer need the space; the run tries the file again when they have ended',
  },
  TOO_LARGE: { decision: 'fail', exitCode: 1, meaning: 'The file is larger than the destination can store' },
  KEY_TAKEN: { decision: 'fail', exitCode: 1, meaning: 'The key holds another file, which is never replaced' },
  PATIENCE_EXHAUSTED: { decision: 'fail', exitCode: 1, meaning: 'Too many attempts without a new byte' },
  SLICE_OVER: { decision: 'defer', exitCode: 1, meaning: 'The slice has no time left; the next slice continues' },
  SLICE_FRUITLESS: {
    decision: 'fail',
    exitCode: 1,
    meaning: 'Two slices in a row received no byte of the original, or 20 slices stored no part',
  },
  WORKER_LOST: { decision: 'fail', exitCode: 1, meaning: 'The worker ended before it recorded its result' },
  LEASE_LOST: { decision: 'stop', exitCode: 4, meaning: 'Another run took over the archive, or another worker the original' },
  BUG: { decision: 'stop', exitCode: 1, meaning: 'A fault in Cloud Sync itself' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** A hint that contains a command to enter. In `text`, `{command}` stands for the command. */
export interface Hint {
  readonly text: string;
  /** The command without the word `cloud-sync`. */
  readonly command: string;
}

/**
 * Formats a command in backquotes. The options of a command differ between AWS and this machine.
 */
export type ShowCommand = (command: string) => string;

const showLocally: ShowCommand = (command) => `\`cloud-sync ${command}\``;

/** Makes a sentence for a person from a hint. */
export function showHint(hint: string | Hint, show: ShowCommand = showLocally): string {
  return typeof hint === 'string' ? hint : hint.text.replace('{command}', () => show(hint.command));
}

interface ErrorDetails {
  /** What to do next: a sentence for a person, or a text with a command. */
  readonly hint?: string | Hint | undefined;
  readonly cause?: unknown;
  /** How many ms the server asked us to wait. */
  readonly retryAfterMs?: number;
}

/**
 * The only error type of the program. `message` says what happened, and to what. It never contains
 * a secret or a signed URL.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: ErrorCode;
  readonly #hint: string | Hint | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.#hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The hint as a sentence for a person at this machine. */
  get hint(): string | undefined {
    return this.hintWith(showLocally);
  }

  /** The hint as a sentence, with its command formatted by `show`. */
  hintWith(show: ShowCommand): string | undefined {
    return this.#hint === undefined ? undefined : showHint(this.#hint, show);
  }

  get decision(): Decision {
    return errorKinds[this.code].decision;
  }

  get exitCode(): number {
    return errorKinds[this.code].exitCode;
  }
}

/**
 * Turns any thrown value into a SyncError. A refused call on a file of this machine is no fault of
 * Cloud Sync. Any other value of an unknown type becomes a BUG. If the cleanup after an error
 * failed too, the first error counts.
 */
export function asSyncError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  if (thrown instanceof SuppressedError) return asSyncError(thrown.suppressed);
  const { syscall } = (thrown ?? {}) as { readonly syscall?: unknown };
  if (syscall === 'uv_cwd') {
    return new SyncError('USAGE', 'the current directory no longer exists', {
      hint: 'Change to another directory and run the command again.',
      cause: thrown,
    });
  }
  if (syscall === 'uv_os_homedir' || syscall === 'uv_os_get_passwd') {
    return new SyncError('USAGE', 'HOME is not set, and the system does not know this user', {
      hint: 'Set HOME to a directory that you can write to.',
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const path = thrown instanceof Error && 'path' in thrown ? thrown.path : undefined;
  if (typeof path === 'string' && systemErrorCode(thrown) !== undefined) {
    return new SyncError('CONFIG_UNREADABLE', `cannot use ${path}: ${describeSystemError(thrown)}`, {
      hint: 'Check who owns that path, and whether its disk is mounted, writable and sound.',
      cause: thrown,
    });
  }
  return new SyncError('BUG', message, { cause: thrown, hint: 'Please report this with the output of `cloud-sync doctor`.' });
}
