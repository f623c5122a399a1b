/**
 * Simulates a full or failing disk in the process of the command line, with `node --import`. After
 * FAIL_AFTER_BYTES bytes every write to an open file fails with the error code FAIL_WITH.
 */
import fs from 'node:fs';

type Write = (this: fs.promises.FileHandle, ...args: never[]) => Promise<unknown>;

const code = process.env['FAIL_WITH'] ?? 'ENOSPC';
let leftBytes = Number(process.env['FAIL_AFTER_BYTES'] ?? 0);

function sizeOf(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((sum: number, chunk: unknown) => sum + sizeOf(chunk), 0);
  return typeof data === 'string' || data instanceof Uint8Array ? Buffer.byteLength(data) : 0;
}

const probe = await fs.promises.open('/dev/null');
const handles = Object.getPrototypeOf(probe) as Record<string, Write>;
await probe.close();
for (const method of ['write', 'writev', 'writeFile', 'appendFile']) {
  const original = handles[method]!;
  handles[method] = async function (...args) {
    leftBytes -= sizeOf(args[0]);
    if (leftBytes < 0) throw Object.assign(new Error(`${code}: simulated, ${method}`), { code, syscall: method });
    return original.apply(this, args);
  };
}
