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

/** Closes the thread when its last answer has arrived, but was not read yet. */
const closingProgram = `
const { createDigests } = await import(process.argv[1]);
const digests = createDigests();
const digest = digests.begin({ partSizes: [0], offset: 0, savesState: true });
const bytes = Buffer.from(new SharedArrayBuffer(1_000_000));
await digest.update(bytes);
digest.update(bytes);
const until = performance.now() + 50;
while (performance.now() < until);
await digests.close();
console.log('closed');
`;

/**
 * Runs the digests in the file `path` in a process of their own, which must end by itself. Returns
 * `right`, or the wrong digest.
 */
export async function digestsOf(path: string): Promise<string> {
  return outputOf(program, path);
}

/** Closes the digests in the file `path` while an answer arrives. Returns `closed`. */
export async function closeWhileAnswered(path: string): Promise<string> {
  return outputOf(closingProgram, path);
}

async function outputOf(text: string, path: string): Promise<string> {
  const args = ['--input-type=module', '--eval', text, pathToFileURL(path).href];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
  return stdout.trim();
}
