import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisk } from '../../src/destination/disk/index.ts';
import type { Destination } from '../../src/destination/destination.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { leaseConformance } from './lease.ts';

const owner = JSON.stringify({ host: 'another-machine', bootId: 'b', pid: 4711, processStart: '1', runId: 'r' });
const token = '5e0c1f8e-2f0a-4a53-9f5a-0e8d6c3f7a11';

leaseConformance('a directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cloud-sync-lease-'));
  const path = join(root, '.cloud-sync', 'lease');
  const opened: Destination[] = [];
  await mkdir(join(root, '.cloud-sync'));
  return {
    open: async () => {
      const destination = openDisk(root, { clock: systemClock });
      opened.push(destination);
      return destination.lease;
    },
    spoil: async () => writeFile(path, '{"owner":"process 1 on'),
    writeFirstVersion: async (expiresAt) => writeFile(path, JSON.stringify({ owner, token, expiresAt })),
    [Symbol.asyncDispose]: async () => {
      for (const destination of opened) await destination.close();
      await rm(root, { recursive: true });
    },
  };
});
