/** Guards a home in which other users of this machine can write. Windows has no modes. */
import { chmodSync, lstatSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { SyncError } from '../errors.ts';
import { describeSystemError, systemErrorCode } from '../lib/files/system-error.ts';
import { holdsOnlyHome, namesIn, othersWrite, statusOf } from './private-home.ts';

const groupWrites = 0o020;
/** In a folder with this bit, such as /tmp, each user can create files. */
const sticky = 0o1000;
/** These files decide where the credentials are sent, or hold them. */
const decisive = /^(?:config\.toml|archives\.json|credentials\..*)$/;

/**
 * Takes the permission to write from other users, before config.toml decides where the credentials
 * are sent. Returns warnings. Errors: CONFIG_UNREADABLE for a home that every user can change, if
 * it is a folder such as /tmp, or if another user owns its files.
 */
export function keepOthersFromWriting(home: string): readonly string[] {
  const found = statusOf(home);
  if (process.getuid === undefined || !found?.isDirectory() || (found.mode & othersWrite) === 0) return [];
  if (isSharedFolder(home, found)) throw refusal(home, 'it is a folder such as /tmp');
  const obstacle = closeToOthers(home, found.mode);
  if (obstacle === undefined)
    return [`every user of this machine could change ${home}; Cloud Sync has corrected this. Check its config.toml`];
  const foreign = namesIn(home).find((name) => decisive.test(name) && isForeign(join(home, name)));
  if (foreign !== undefined) throw refusal(home, `another user owns ${foreign} in it`);
  return [`every user of this machine can change ${home}, and ${obstacle}`];
}

/** Returns a warning if the members of a group can change the home. A group of one user is fine. */
export function warnOfGroup(home: string): readonly string[] {
  const found = statusOf(home);
  if (process.getuid === undefined || !found || (found.mode & (groupWrites | othersWrite)) !== groupWrites) return [];
  // Most systems give the group of one user the number of the user.
  if (found.gid === found.uid) return [];
  return [`every member of the group ${found.gid} can change ${home}, which says where the credentials are sent`];
}

/** Whether other users need a folder. Root owns /tmp, so its owner alone does not decide. */
function isSharedFolder(home: string, { mode, uid }: Stats): boolean {
  return (mode & sticky) !== 0 && (uid !== process.getuid?.() || (uid === 0 && !holdsOnlyHome(home)));
}

/** Returns why it was not possible. */
function closeToOthers(home: string, mode: number): string | undefined {
  try {
    chmodSync(home, mode & 0o7775);
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'
      ? `this process may not change its permissions; its owner can run: chmod 700 "${home}"`
      : `its permissions cannot be changed (${describeSystemError(error)}); use another directory`;
  }
  const isClosed = (statSync(home).mode & othersWrite) === 0;
  return isClosed ? undefined : 'its file system keeps no permissions; use another directory';
}

function isForeign(path: string): boolean {
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && owner !== 0 && owner !== process.getuid?.();
}

function refusal(home: string, reason: string): SyncError {
  const message = `every user of this machine can change the home directory ${home}, and ${reason}`;
  return new SyncError('CONFIG_UNREADABLE', message, {
    hint: 'Set CLOUD_SYNC_HOME to a directory of your own. It holds the credentials and says where they are sent.',
  });
}
