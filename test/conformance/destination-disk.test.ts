import { mkdtemp, mkdir, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Destination } from '../../src/destination/destination.ts';
import { openDisk, type DiskOptions } from '../../src/destination/disk/index.ts';
import { ignoring } from '../../src/destination/disk/files.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { destinationConformance } from './destination.ts';
import type { DestinationStage } from './destination/bed.ts';

async function diskStage(options: Partial<DiskOptions>): Promise<DestinationStage> {
  const root = await mkdtemp(join(tmpdir(), 'cloud-sync-disk-'));
  const opened: Destination[] = [];
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  return {
    partSizeBytes: 256 * 1024,
    open: async () => {
      const destination = openDisk(join(root, 'archive'), { clock, ...options });
      opened.push(destination);
      return destination;
    },
    readContent: async (key) => readFile(join(root, 'archive', key)).catch(ignoring('ENOENT')),
    place: async (key, content) => {
      await mkdir(dirname(join(root, 'archive', key)), { recursive: true });
      await writeFile(join(root, 'archive', key), content, { flag: 'wx' });
    },
    corrupt: async (key) => {
      await using file = await open(join(root, 'archive', key), 'r+');
      const { size } = await file.stat();
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, Math.floor(size / 2));
      await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, Math.floor(size / 2));
    },
    remove: async (key) => unlink(join(root, 'archive', key)),
    unfinished: async () => (await readdir(join(root, 'archive', '.cloud-sync', 'partial'))).length,
    advance: (ms) => {
      aheadMs += ms;
    },
    [Symbol.asyncDispose]: async () => {
      for (const destination of opened) await destination.close();
      await rm(root, { recursive: true });
    },
  };
}

destinationConformance('a directory', async () => diskStage({}));
destinationConformance('a directory without hard links', async () => diskStage({ hardLinks: 'never' }));
destinationConformance('a directory with SHA-256', async () => diskStage({ hash: 'sha256' }));
