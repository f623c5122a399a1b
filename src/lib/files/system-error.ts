/** Names the error codes of failed system calls, and explains them in words. */
import { constants } from 'node:os';

const noAnswer = 'its disk or network folder does not answer';
const denied = 'permission is denied';

const reasons: Readonly<Record<string, string>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: 'its file system is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of its disk is used up',
  ENOENT: 'it does not exist',
  EEXIST: 'a file that is no directory has its name',
  ENOTDIR: 'a part of its path is a file and not a directory',
  EISDIR: 'it is a directory and not a file',
  ELOOP: 'the symbolic links in its path form a circle',
  ENAMETOOLONG: 'its name is too long for the file system',
  EIO: 'its disk reports a fault',
  ESTALE: 'its network folder was removed or replaced on the server, and must be mounted again',
  ENOTCONN: noAnswer,
  ENODEV: noAnswer,
  ENXIO: noAnswer,
  ETIMEDOUT: noAnswer,
  EHOSTDOWN: noAnswer,
  EHOSTUNREACH: noAnswer,
  ENETUNREACH: noAnswer,
  ENOLCK: 'its file system cannot lock files',
  EMFILE: 'this process has too many open files',
};

/**
 * Returns the code of a failed system call, such as `ENOENT`. Node itself does not name codes such
 * as `ESTALE` and `EDQUOT`. Returns undefined for any other error.
 */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  if (!code.startsWith('Unknown system error')) return code;
  const named = Object.entries(constants.errno).find(([, value]) => value === Math.abs(errno ?? 0));
  return named?.[0] ?? `errno ${Math.abs(errno ?? 0)}`;
}

/**
 * Returns the end of a message about a failed system call: `: permission is denied (EACCES)`, or
 * only ` (EXDEV)` for a code without a known reason.
 */
export function reasonOf(code: string): string {
  const reason = reasons[code];
  return reason === undefined ? ` (${code})` : `: ${reason} (${code})`;
}

/**
 * Explains an error in words, without the path: `its file system is read-only (EROFS)`. An unknown
 * error keeps its own message.
 */
export function describeSystemError(error: unknown): string {
  const code = systemErrorCode(error);
  const reason = code === undefined ? undefined : reasons[code];
  if (reason !== undefined) return `${reason} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
