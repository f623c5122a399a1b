import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The holder of a lease, in enough detail to tell on the same machine whether its process still
 * runs.
 */
export interface Owner {
  readonly host: string;
  /** Changes at each boot; empty where the system does not provide it. */
  readonly bootId: string;
  readonly pid: number;
  /**
   * Differs between two processes with the same pid; empty where the system does not provide it.
   */
  readonly processStart: string;
  /** Differs between two runs of one process. */
  readonly runId: string;
}

/** Describes this process and run `runId`, as text for leases. */
export function thisOwner(runId: string): string {
  const owner: Owner = { host: hostname(), bootId: bootId(), pid: process.pid, processStart: processStart(process.pid), runId };
  return JSON.stringify(owner);
}

/** True only if the holder ran on this machine and surely runs no longer. */
export async function isDead(holder: string): Promise<boolean> {
  const owner = parseOwner(holder);
  if (!owner || owner.host !== hostname()) return false;
  if (owner.bootId !== bootId()) return true;
  if (owner.pid === process.pid && owner.processStart === processStart(process.pid)) return false;
  return !isRunning(owner.pid) || processStart(owner.pid) !== owner.processStart;
}

/** The holder for a person to read: `process 123 on host`. */
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

/** Field 22 of /proc/PID/stat; see proc(5). */
function processStart(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/**
 * The fields of /proc/PID/stat from the third on; see proc(5). The second field is the command in
 * parentheses, and may contain spaces.
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
  // A zombie: the process was killed, and its parent has not collected it yet.
  if (statFields(pid)[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
