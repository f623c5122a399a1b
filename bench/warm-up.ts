/** Gives every job to a directory the same state of the machine's memory. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const piece = new Uint8Array(4 * 1024 * 1024);

/**
 * Writes a file as large as the job's output to the same file system and deletes it.
 *
 * A virtual machine returns memory that is free for some seconds to its host. The next write to
 * such a page waits for the host. That can take several times the kernel's usual time, on a RAM
 * disk and in the page cache. Without the warm-up the time of a job would depend on the job before
 * it. Memory that is freed on one kind of file system helps little on another.
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
