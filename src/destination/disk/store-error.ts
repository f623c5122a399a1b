import { SyncError, type ErrorCode } from '../../errors.ts';
import { reasonOf, systemErrorCode } from '../../lib/files/system-error.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string;
}

const unreachable: Meaning = { code: 'DESTINATION_UNUSABLE', hint: 'Is the disk mounted, and is the path right?' };
const denied: Meaning = { code: 'DESTINATION_UNUSABLE', hint: 'Check who owns it, and whether you may read it and write to it.' };
const silent: Meaning = {
  code: 'DESTINATION_UNUSABLE',
  hint: 'The disk or network folder no longer answers. Check it, and mount it again.',
};
const full: Meaning = {
  code: 'DESTINATION_FULL',
  hint: 'Free some space there or choose another destination. Archived files are not affected.',
};

/** A cloud drive that is mounted without a cache cannot write in the middle of a file. */
const unsupported: Meaning = {
  code: 'STORE_REFUSED',
  hint: 'The file system does not support this call; mount it with a write cache, or use another one.',
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: { code: 'DESTINATION_UNUSABLE', hint: 'The file system is read-only. Some file systems become read-only after errors.' },
  ENOENT: unreachable,
  ENODEV: silent,
  ENXIO: silent,
  ENOTCONN: silent,
  ETIMEDOUT: silent,
  EHOSTDOWN: silent,
  EHOSTUNREACH: silent,
  ENETUNREACH: silent,
  ESTALE: {
    code: 'DESTINATION_UNUSABLE',
    hint: 'The network folder was removed or replaced on its server. Unmount it, and mount it again.',
  },
  ENOTDIR: { code: 'DESTINATION_UNUSABLE', hint: 'There is a file where a directory is needed; choose another path.' },
  EISDIR: { code: 'DESTINATION_UNUSABLE', hint: 'There is a directory where a file is needed; move that directory away.' },
  ELOOP: { code: 'DESTINATION_UNUSABLE', hint: 'The symbolic links in this path form a circle.' },
  EXDEV: { code: 'DESTINATION_UNUSABLE', hint: 'An archive and its .cloud-sync must be on one file system.' },
  EFBIG: { code: 'TOO_LARGE', hint: 'The file system does not support a file this large; the limit of FAT32 is 4 GiB.' },
  ENAMETOOLONG: { code: 'STORE_REFUSED', hint: 'The file system does not support a name this long; use another file system.' },
  EILSEQ: { code: 'STORE_REFUSED', hint: 'The file system does not support the characters of this name; use another one.' },
  EINVAL: unsupported,
  ENOSYS: unsupported,
  ENOTSUP: unsupported,
  EOPNOTSUPP: unsupported,
  ESPIPE: unsupported,
  EMFILE: { code: 'STORE_FAILED', hint: 'Too many open files; raise the limit (ulimit -n) or lower --concurrency.' },
  EIO: { code: 'STORE_FAILED', hint: 'The disk reports a fault; check its health before you trust it.' },
};

/** Returns the error code of a failed system call, such as `ENOENT`. */
export function errno(error: unknown): string | undefined {
  return error instanceof SyncError ? undefined : systemErrorCode(error);
}

/** Whether a system call failed because its disk or network folder no longer answers. */
export function isSilent(error: unknown): boolean {
  const code = errno(error) ?? '';
  return code === 'EIO' || code === 'ESTALE' || meanings[code] === silent;
}

/**
 * Returns a handler for `catch`. It returns undefined if there is no file at the path, or for one
 * of the codes in `alsoAbsent`. A file that we may not read does not stop the work on other files.
 */
export function absentOrDenied(path: string, ...alsoAbsent: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    const code = errno(error) ?? '';
    if (['ENOENT', 'ENOTDIR', ...alsoAbsent].includes(code)) return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const hint = 'Check who owns the file and its directories, and whether you may read them.';
    throw new SyncError('STORE_FAILED', `cannot read ${path}${reasonOf(code)}`, { cause: error, hint });
  };
}

/**
 * Returns a handler for `catch`, for a directory below the root of an archive. It returns undefined
 * if there is no directory. An error of this directory does not stop the work on other files.
 */
export function absentOrUnreadable(path: string): (error: unknown) => undefined {
  return (error) => {
    const code = errno(error) ?? '';
    if (code !== 'EIO' && code !== 'ESTALE') return absentOrDenied(path)(error);
    const { hint } = meanings[code] ?? {};
    throw new SyncError('STORE_FAILED', `cannot read ${path}${reasonOf(code)}`, { cause: error, ...(hint && { hint }) });
  };
}

/** The error for a file whose bytes the disk cannot read any more. */
export function unreadable(path: string, cause: unknown): SyncError {
  const hint = 'The disk reports a fault; check its health before you trust it.';
  return new SyncError('CHECKSUM_MISMATCH', `the disk cannot read ${path} (EIO)`, { cause, hint });
}

/** The codes of errors that concern one file. */
const ofOneFile: ReadonlySet<ErrorCode> = new Set(['STORE_FAILED', 'STORE_REFUSED', 'TOO_LARGE'] as const);

/**
 * Converts an error like `storeError`, but of a call without which no run is possible. Every error
 * of such a call is DESTINATION_UNUSABLE or DESTINATION_FULL.
 */
export function unusableError(location: string, error: unknown): unknown {
  const converted = storeError(location, error);
  const isOfOneFile = converted instanceof SyncError && ofOneFile.has(converted.code);
  if (!isOfOneFile || errno(error) === undefined) return converted;
  return new SyncError('DESTINATION_UNUSABLE', converted.message, { cause: error, hint: converted.hint });
}

/**
 * Converts the error of a system call at `location` into a SyncError. Returns any other error
 * unchanged.
 */
export function storeError(location: string, error: unknown): unknown {
  const code = errno(error);
  if (code === undefined) return error;
  const { path = location, syscall = 'use' } = error as NodeJS.ErrnoException;
  const meaning: Meaning = meanings[code] ?? { code: 'STORE_FAILED', hint: 'Check the health of the disk or network folder.' };
  const details = meaning.hint === undefined ? { cause: error } : { cause: error, hint: meaning.hint };
  return new SyncError(meaning.code, `cannot ${syscall} ${path}${reasonOf(code)}`, details);
}
