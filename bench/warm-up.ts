/** Brings the machine's memory into the same state before every job to a directory. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const piece = new Uint8Array(4 * 1024 * 1024);

/**
 * Writes a file as large as the job's output to the same file system and deletes it.
 *
 * A virtual machine returns unused memory to its host after some seconds. The next write to a
 * returned page waits for the host. Such a write can take several times as long as usual, on a
 * RAM disk and in the page cache. Without the warm-up, the time of a job would depend on the
 * previous job. The warm-up uses the file system of the job, because memory that another kind of
 * file system has freed helps little.
 */
export async function warmUpMemory(folder: string, sizeBytes: number): Promise<void> {
  const path = join(folder, 'memory');
  const file = await open(path, 'w');
  try {
    for (let left = sizeBytes; left > 0; left -= piece.length) await file.write(piece, 0, Math.min(left, piece.length));
  } finally {
    await file.close();
    await rm(path);
  }
}
