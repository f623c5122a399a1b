/**
 * Simulates a small disk in the process of the command line, with `node --import`. The files below
 * SMALL_DISK use up SMALL_DISK_BYTES. A write that does not fit fails with SMALL_DISK_ERROR. With
 * EDQUOT the file system reports much free space, as it does for a user with a quota.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { beforeWrites } from './before-writes.ts';

const root = process.env['SMALL_DISK'] ?? '';
const sizeBytes = Number(process.env['SMALL_DISK_BYTES']);
const code = process.env['SMALL_DISK_ERROR'] ?? 'ENOSPC';

function usedBytes(): number {
  const names = fs.existsSync(root) ? fs.readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
  // A file that is linked twice, as a published draft, uses its space once.
  const files = new Map(
    names.map((name) => fs.lstatSync(join(root, name), { throwIfNoEntry: false })).map((file) => [file?.ino, file]),
  );
  return [...files.values()].reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0);
}

const { statfs } = fs.promises;
const freeBytes = () => (code === 'EDQUOT' ? 1e12 : Math.max(0, sizeBytes - usedBytes()));
fs.promises.statfs = (async (...args: Parameters<typeof statfs>) =>
  Object.assign(await statfs(...args), { blocks: sizeBytes, bsize: 1, frsize: 1, bavail: freeBytes() })) as typeof statfs;

await beforeWrites((bytes) => (usedBytes() + bytes > sizeBytes ? code : undefined));
syncBuiltinESMExports();
