import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const repository = fileURLToPath(new URL('..', import.meta.url));

/** The cache. Git ignores this folder, and later benches use it again. */
export const cache = join(repository, '.cache', 'bench');

/** The results, which are committed. */
export const results = join(repository, 'bench', 'results');

/** The RAM disk that every Linux has. */
export const ramDisk = '/dev/shm';
