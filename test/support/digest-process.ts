import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** Computes the digest of a megabyte in a thread, and does not close the thread. */
const program = `
import { createHash } from 'node:crypto';
const { createDigests, partDigests } = await import(process.argv[1]);
const bytes = Buffer.from(new SharedArrayBuffer(1_000_000)).fill('cloud');
const digest = createDigests().begin({ partSizes: [0], offset: 0, savesState: true });
await digest.update(bytes);
const [found] = partDigests([await digest.end(true)]).get(0);
console.log(found === createHash('md5').update(bytes).digest('hex') ? 'right' : found);
`;

/**
 * Runs the digests in the file `path` in a process of their own, which must end by itself. Returns
 * `right`, or the wrong digest.
 */
export async function digestsOf(path: string): Promise<string> {
  const args = ['--input-type=module', '--eval', program, pathToFileURL(path).href];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
  return stdout.trim();
}
