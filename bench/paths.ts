import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const repository = fileURLToPath(new URL('..', import.meta.url));

/** Git-ignored; survives from one bench to the next. */
export const cache = join(repository, '.cache', 'bench');

/** Committed. */
export const results = join(repository, 'bench', 'results');

/** On Linux always a RAM disk. */
export const ramDisk = '/dev/shm';
