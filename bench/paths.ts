import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const repository = fileURLToPath(new URL('..', import.meta.url));

/** Ignored by Git and kept between benches. */
export const cache = join(repository, '.cache', 'bench');

/** Committed. */
export const results = join(repository, 'bench', 'results');

/** A RAM disk on every Linux. */
export const ramDisk = '/dev/shm';
