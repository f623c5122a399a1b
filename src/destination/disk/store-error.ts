import { SyncError, type ErrorCode } from '../../errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string;
}

const unreachable: Meaning = { code: 'DESTINATION_UNUSABLE', hint: 'Is the disk mounted, and is the path right?' };
const denied: Meaning = { code: 'DESTINATION_UNUSABLE', hint: 'Check who owns the directory and whether you may write to it.' };
const full: Meaning = {
  code: 'DESTINATION_FULL',
  hint: 'Free some space there or choose another destination. Archived files are not affected.',
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: { code: 'DESTINATION_UNUSABLE', hint: 'The file system is read-only. Some file systems become read-only after errors.' },
  ENOENT: unreachable,
  ENODEV: unreachable,
  ENXIO: unreachable,
  ENOTCONN: unreachable,
  ESTALE: unreachable,
  ENOTDIR: { code: 'DESTINATION_UNUSABLE', hint: 'There is a file where a directory is needed; choose another path.' },
  EISDIR: { code: 'DESTINATION_UNUSABLE', hint: 'There is a directory where a file is needed; move that directory away.' },
  ELOOP: { code: 'DESTINATION_UNUSABLE', hint: 'The symbolic links in this path form a circle.' },
  EXDEV: { code: 'DESTINATION_UNUSABLE', hint: 'An archive and its .cloud-sync must be on one file system.' },
  EFBIG: { code: 'STORE_FAILED', hint: 'The file system does not support a file this large; the limit of FAT32 is 4 GiB.' },
  EMFILE: { code: 'STORE_FAILED', hint: 'Too many open files; raise the limit (ulimit -n) or lower --concurrency.' },
  EIO: { code: 'STORE_FAILED', hint: 'The disk reports a fault; check its health before you trust it.' },
};

/** Returns the error code of a failed system call, such as `ENOENT`. */
export function errno(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof Error && !(error instanceof SyncError) && typeof code === 'string' ? code : undefined;
}

/** The error for a file whose bytes the disk cannot read any more. */
export function unreadable(path: string, cause: unknown): SyncError {
  const hint = 'The disk reports a fault; check its health before you trust it.';
  return new SyncError('CHECKSUM_MISMATCH', `the disk cannot read ${path} (EIO)`, { cause, hint });
}

/**
 * Converts the error of a system call at `location` into a SyncError. Returns any other error
 * unchanged.
 */
export function storeError(location: string, error: unknown): unknown {
  const code = errno(error);
  if (code === undefined) return error;
  const { path = location, syscall = 'use' } = error as NodeJS.ErrnoException;
  const meaning: Meaning = meanings[code] ?? { code: 'STORE_FAILED' };
  const details = meaning.hint === undefined ? { cause: error } : { cause: error, hint: meaning.hint };
  return new SyncError(meaning.code, `cannot ${syscall} ${path} (${code})`, details);
}
