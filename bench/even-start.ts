/** Every job to a directory begins on a machine in the same state. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const piece = new Uint8Array(4 * 1024 * 1024);

/**
 * A virtual machine gives memory that has been free for some seconds back to its host, and whoever writes to such a page next waits for the host to
 * find another: up to several times the kernel's time for the same bytes, on a RAM disk as in the page cache. So what a job paid would depend on what
 * ran before it. This writes a file of as many bytes as the job is about to write, on the same file system, and deletes it. What is freed by one kind
 * of file system does little for another.
 */
export async function takeMemory(folder: string, sizeBytes: number): Promise<void> {
  const path = join(folder, 'memory');
  const file = await open(path, 'w');
  try {
    for (let left = sizeBytes; left > 0; left -= piece.length) await file.write(piece, 0, Math.min(left, piece.length));
  } finally {
    await file.close();
    await rm(path);
  }
}
