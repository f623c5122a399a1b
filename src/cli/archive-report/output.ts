/** Where a report is written: a new file, an older report, or standard output. */
import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveDirectory } from '../../config/system.ts';
import { SyncError } from '../../errors.ts';
import { describeSystemError } from '../../lib/files/system-error.ts';
import { refuseInsideArchive } from '../archive/refuse-overlap.ts';
import type { Context } from '../command.ts';
import { pageMark } from './page.ts';

export interface Output {
  write(text: string): Promise<void>;
  /** Gives the file its name. Until then nothing has the name. */
  end(): Promise<void>;
  /** Removes a file that was not ended. */
  close(): Promise<void>;
}

const defaultName = 'cloud-sync-report.html';

/**
 * Opens the output before anything is read, so that a wrong path is named at once. Errors: USAGE for
 * a path in an archive or of another file; DESTINATION_UNUSABLE.
 */
export async function openOutput(context: Context, kind: 'html' | 'csv' | 'json'): Promise<Output> {
  const { config, stdout } = context;
  const { out = kind === 'html' ? defaultName : '-' } = config.settings;
  if (out === '-') return openStdout(stdout);
  const path = resolveDirectory(out);
  await refuseInsideArchive(path, '--out');
  await refuseOtherFile(path, kind);
  const output = await openFile(path);
  return { ...output, end: async () => output.end().then(() => void stdout.write(`The report is in ${path}\n`)) };
}

function openStdout(stdout: Context['stdout']): Output {
  return {
    // A program that reads the output, such as `head`, may have closed the pipe.
    write: async (text) => new Promise<void>((resolve) => (stdout.writable ? stdout.write(text, () => resolve()) : resolve())),
    end: async () => {},
    close: async () => {},
  };
}

async function openFile(path: string): Promise<Output> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.cloud-sync-report`);
  const file = await open(temporary, 'wx').catch(failed(path));
  let isOpen = true;
  const drop = async (one: FileHandle) => {
    isOpen = false;
    await one.close();
    await rm(temporary, { force: true });
  };
  return {
    write: async (text) => file.writeFile(text).catch(failed(path)),
    end: async () => {
      await file.sync().catch(failed(path));
      await file.close();
      await rename(temporary, path).catch(failed(path));
      isOpen = false;
    },
    close: async () => (isOpen ? drop(file) : undefined),
  };
}

function failed(path: string): (error: unknown) => never {
  return (error) => {
    throw new SyncError('DESTINATION_UNUSABLE', `cannot write ${path}: ${describeSystemError(error)}`, {
      hint: 'Name another file with --out.',
      cause: error,
    });
  };
}

/** Only an older report in HTML is replaced. */
async function refuseOtherFile(path: string, kind: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (kind === 'html' && found.isFile() && (await beginsLikeReport(path))) return;
  throw new SyncError('USAGE', `${path} exists already, and is not replaced`, {
    hint: 'Move it away, or name another file with --out.',
  });
}

async function beginsLikeReport(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(pageMark.length));
    return buffer.toString('utf8', 0, bytesRead) === pageMark;
  } catch {
    return false;
  }
}
