import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The holder of a lease. The fields are enough to find out, on the same machine, whether the
 * holder's process still runs.
 */
export interface Owner {
  readonly host: string;
  /** An id that changes at each boot. Empty if the system does not provide one. */
  readonly bootId: string;
  readonly pid: number;
  /**
   * The start time of the process. It differs between two processes with the same pid. Empty if the
   * system does not provide it.
   */
  readonly processStart: string;
  /** The id of the run. It differs between two runs of one process. */
  readonly runId: string;
}

/** Describes this process and the run `runId`, as a text for leases. */
export function thisOwner(runId: string): string {
  const owner: Owner = { host: hostname(), bootId: bootId(), pid: process.pid, processStart: processStart(process.pid), runId };
  return JSON.stringify(owner);
}

/** True only if the holder's process was on this machine and has certainly ended. */
export async function isDead(holder: string): Promise<boolean> {
  const owner = parseOwner(holder);
  if (!owner || owner.host !== hostname()) return false;
  if (owner.bootId !== bootId()) return true;
  if (owner.pid === process.pid && owner.processStart === processStart(process.pid)) return false;
  return !isRunning(owner.pid) || processStart(owner.pid) !== owner.processStart;
}

/** Describes a holder to a person: `process 123 on host`. */
export function describeOwner(holder: string): string {
  const owner = parseOwner(holder);
  return owner ? `process ${owner.pid} on ${owner.host}` : holder;
}

function parseOwner(holder: string): Owner | undefined {
  try {
    const owner = JSON.parse(holder) as Partial<Owner>;
    return typeof owner.pid === 'number' && typeof owner.host === 'string'
      ? ({ bootId: '', processStart: '', runId: '', ...owner } as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
}

/** The start time of a process: field 22 of /proc/PID/stat; see proc(5). */
function processStart(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/**
 * The fields of /proc/PID/stat, beginning with the third; see proc(5). The second field is the
 * command in parentheses. It may contain spaces, so only the text after it is split.
 */
function statFields(pid: number): readonly string[] {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  // A zombie is a process that has ended, but its parent has not collected it yet.
  if (statFields(pid)[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
