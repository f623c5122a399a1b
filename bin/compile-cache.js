/** Keeps Node's cache of compiled code in the home, because the cache is code that Node runs. */
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * Lets Node cache compiled code, which halves the time of a start. In a shared folder, another user
 * could put code into the cache. So the cache is in the home, and only if nobody else can write to
 * the home, and nobody else can use the cache. A home that does not exist yet gets no cache.
 */
export async function cacheCompiledCode(argv, environment) {
  // `restore` writes nothing to the home.
  if (argv[0] === 'restore') return;
  // The person has chosen another folder with NODE_COMPILE_CACHE.
  if (getCompileCacheDir() !== undefined) return;
  // Node makes a folder in the cache with the mode that the umask allows.
  const umask = process.umask(0o077);
  try {
    const home = resolve(await findHome(argv, environment));
    if (!isOurs(statSync(home), 0o022)) return;
    // No person gives a folder this name. src/config/private-home.ts knows the name too.
    const folder = join(home, '.compiled-code');
    if (!lstatSync(folder, { throwIfNoEntry: false })) mkdirSync(folder, { mode: 0o700 });
    const found = lstatSync(folder);
    // Nothing is removed or narrowed: whoever could write there may have put code into it.
    if (found.isDirectory() && isOurs(found, 0o077)) enableCompileCache(folder);
  } catch {
    // Without a cache the program only starts more slowly.
  } finally {
    process.umask(umask);
  }
}

/** Finds the home as src/config/load.ts does. The rules of flags are simplified. */
async function findHome(argv, { CLOUD_SYNC_HOME: given }) {
  const at = argv.findLastIndex((word) => word === '--home' || word.startsWith('--home='));
  const flag = argv[at] === '--home' ? argv[at + 1] : argv[at]?.slice('--home='.length);
  if (flag || given) return flag || given;
  const { default: envPaths } = await import('env-paths');
  return envPaths('cloud-sync', { suffix: '' }).data;
}

/**
 * Whether a folder belongs to this user, and others have none of the permissions. Windows has no
 * modes; its folders of a user are private.
 */
function isOurs({ uid, mode }, permissions) {
  return process.platform === 'win32' || (uid === process.getuid() && (mode & permissions) === 0);
}
