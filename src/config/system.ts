/** Checks what the operating system says of the user and of this machine. */
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { SyncError } from '../errors.ts';

/** Environment variables by their names. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Returns the home directory of the user. Errors: USAGE if there is none. `others` names the
 * variables that can be set instead of HOME.
 */
export function findHome(others: string): string {
  const hint = `Set HOME to a directory that you can write to, or set ${others}.`;
  let home: string;
  try {
    home = homedir();
  } catch (error) {
    const message = 'this user has no home directory: HOME is not set, and the system does not know the user';
    throw new SyncError('USAGE', message, { hint, cause: error });
  }
  if (isAbsolute(home)) return home;
  throw wrongVariable('HOME', home === '' ? 'it is empty' : 'it is not an absolute path', hint);
}

/**
 * Returns the absolute path of a directory that `--to` names. Errors: USAGE for `~` without HOME.
 */
export function resolveDirectory(to: string): string {
  return resolve(to.replace(/^~(?=$|[/\\])/, () => findHome('--to to a path that does not begin with ~')));
}

/**
 * Throws USAGE if Node does not understand the variable TZ. Node would then use UTC without a
 * warning.
 */
export function checkTimeZone({ TZ: zone }: Variables): void {
  if (!zone || /^:?(etc\/)?(utc|uct|gmt|greenwich|universal|zulu)/i.test(zone)) return;
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const isUtc = (timeZone === undefined || timeZone === 'UTC') && new Date().getTimezoneOffset() === 0;
  if (!isUtc) return;
  throw wrongVariable('TZ', `"${zone}" is not a known time zone`, 'Set it to a name such as Europe/Paris, or unset it.');
}

/** Returns the error for a variable whose value cannot be used. */
export function wrongVariable(name: string, problem: string, hint: string): SyncError {
  return new SyncError('USAGE', `the environment variable ${name} is wrong: ${problem}`, { hint });
}
