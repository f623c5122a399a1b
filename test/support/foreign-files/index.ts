/** Lets the files of a folder behave as on another file system, in the processes of the tests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A call that a file system can refuse. `change` opens a file to write or create it, `read` opens a
 * file to read it, `resolve` finds the true path of a file, and `share` shares memory through a
 * file.
 */
type Call = 'mkdir' | 'change' | 'read' | 'resolve' | 'statfs' | 'write' | 'lock' | 'share';

export interface ForeignFiles {
  readonly refusals?: Readonly<Partial<Record<Call, keyof typeof constants.errno>>>;
  /** The type of the file system as `statfs` shows it. */
  readonly type?: number;
}

const source = fileURLToPath(new URL('preload.c', import.meta.url));
let compiled: string | undefined;

/** Whether this machine can compile and preload the library. */
export const canPreload = process.platform === 'linux' && libraryOrUndefined() !== undefined;

/** Returns the environment of a process for which the files in `folder` are foreign. */
export function foreignFiles(folder: string, { refusals = {}, type }: ForeignFiles): Record<string, string> {
  const rules = Object.entries(refusals).map(([call, name]) => `${call}=${constants.errno[name]}`);
  return {
    LD_PRELOAD: libraryOrUndefined() ?? '',
    FOREIGN_UNDER: folder,
    FOREIGN_REFUSALS: rules.join(','),
    ...(type !== undefined && { FOREIGN_TYPE: String(type) }),
  };
}

function libraryOrUndefined(): string | undefined {
  if (compiled !== undefined) return compiled;
  const folder = mkdtempSync(join(tmpdir(), 'cloud-sync-foreign-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'preload.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  compiled = library;
  return library;
}
