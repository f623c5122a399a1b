/** For preloads that simulate a disk: changes what a write to an open file does in this process. */
import fs from 'node:fs';

type Write = (this: fs.promises.FileHandle, ...args: never[]) => Promise<unknown>;

/**
 * Calls `check` with the size in bytes before each write to an open file. The write fails with an
 * error of the code that `check` returns.
 */
export async function beforeWrites(check: (sizeBytes: number) => string | undefined): Promise<void> {
  const probe = await fs.promises.open('/dev/null');
  const handles = Object.getPrototypeOf(probe) as Record<string, Write>;
  await probe.close();
  for (const method of ['write', 'writev', 'writeFile', 'appendFile']) {
    const original = handles[method]!;
    handles[method] = async function (...args) {
      const code = check(sizeOf(args[0]));
      if (code !== undefined) throw Object.assign(new Error(`${code}: simulated, ${method}`), { code, syscall: method });
      return original.apply(this, args);
    };
  }
}

function sizeOf(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((sum: number, chunk: unknown) => sum + sizeOf(chunk), 0);
  return typeof data === 'string' || data instanceof Uint8Array ? Buffer.byteLength(data) : 0;
}
