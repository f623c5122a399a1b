/**
 * Simulates a foreign file system in the process of the command line, with `node --import`. The
 * variable FOREIGN_DISK describes it as JSON. Only paths below `root` are affected.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

export interface ForeignDisk {
  readonly root: string;
  /** The codes that `link` answers, one after another. */
  readonly link?: readonly string[];
  readonly directoryOpen?: string;
  readonly directorySync?: string;
  /** The answer to `mkdir` of a directory that exists. */
  readonly existing?: string;
  /** The answer to a rename onto a file that exists. */
  readonly renameOver?: string;
  readonly truncate?: string;
  readonly utimes?: string;
  /** The number of links of every open file. */
  readonly links?: number;
  readonly maxNameBytes?: number;
  readonly maxFileBytes?: number;
  readonly statfs?: Partial<fs.StatsFs>;
}

const disk = JSON.parse(process.env['FOREIGN_DISK'] ?? '{"root":"/nowhere"}') as ForeignDisk;
const real = { ...fs.promises };
const links = [...(disk.link ?? [])];

function failure(code: string, syscall: string, path?: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) });
}

function isInside(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith(disk.root);
}

function assertName(path: unknown, syscall: string): void {
  const tooLong = isInside(path) && Buffer.byteLength(basename(path)) > (disk.maxNameBytes ?? Infinity);
  if (tooLong) throw failure('ENAMETOOLONG', syscall, path);
}

const patches: Partial<typeof fs.promises> = {
  link: async (from, to) => {
    assertName(to, 'link');
    const code = isInside(to) ? links.shift() : undefined;
    if (code === undefined) return real.link(from, to);
    links.push(code);
    throw failure(code, 'link', String(to));
  },
  rename: async (from, to) => {
    assertName(to, 'rename');
    const found = isInside(to) && disk.renameOver !== undefined ? await real.stat(to).catch(() => undefined) : undefined;
    if (found?.isFile()) throw failure(disk.renameOver ?? '', 'rename', String(to));
    return real.rename(from, to);
  },
  lstat: (async (path: string, options: undefined) => {
    assertName(path, 'lstat');
    return real.lstat(path, options);
  }) as typeof fs.promises.lstat,
  mkdir: (async (path: string, options: undefined) => {
    const isThere = isInside(path) && disk.existing !== undefined && options === undefined && fs.existsSync(path);
    if (isThere) throw failure(disk.existing ?? '', 'mkdir', path);
    return real.mkdir(path, options);
  }) as typeof fs.promises.mkdir,
  statfs: (async (path: string) => Object.assign(await real.statfs(path), disk.statfs)) as typeof fs.promises.statfs,
  open: async (path, flags, mode) => {
    assertName(path, 'open');
    const handle = await real.open(path, flags, mode);
    if (isInside(path)) await makeForeign(handle, path);
    return handle;
  },
};

/** Changes the methods of one open file or directory. */
async function makeForeign(handle: fs.promises.FileHandle, path: string): Promise<void> {
  const stat = await handle.stat();
  const refuse = (method: 'sync' | 'truncate' | 'utimes', code: string | undefined) => {
    if (code !== undefined) handle[method] = async () => Promise.reject(failure(code, method, path));
  };
  if (stat.isDirectory()) {
    if (disk.directoryOpen !== undefined) {
      await handle.close();
      throw failure(disk.directoryOpen, 'open', path);
    }
    return refuse('sync', disk.directorySync);
  }
  refuse('truncate', disk.truncate);
  refuse('utimes', disk.utimes);
  const { links: count, maxFileBytes } = disk;
  if (count !== undefined) {
    const realStat = handle.stat.bind(handle);
    handle.stat = (async () => Object.assign(await realStat(), { nlink: count })) as typeof handle.stat;
  }
  if (maxFileBytes === undefined) return;
  const writev = handle.writev.bind(handle);
  handle.writev = async (chunks, position) => {
    const end = (position ?? 0) + chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (end > maxFileBytes) throw failure('EFBIG', 'write', path);
    return writev(chunks, position);
  };
}

Object.assign(fs.promises, patches);
syncBuiltinESMExports();
