import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lease: enough to tell on the same machine whether that process still runs. */
export interface Owner {
  readonly host: string;
  /** Changes at each boot; empty where the system does not tell. */
  readonly bootId: string;
  readonly pid: number;
  /** Tells a process from a later one with the same pid; empty where the system does not tell. */
  readonly processStart: string;
  /** Distinguishes two runs of one process. */
  readonly runId: string;
}

/** This process, for run `runId`, as the text that leases carry. */
export function thisOwner(runId: string): string {
  const owner: Owner = { host: hostname(), bootId: bootId(), pid: process.pid, processStart: processStart(process.pid), runId };
  return JSON.stringify(owner);
}

/** True only if the holder ran on this machine and certainly runs no more. */
export async function isDead(holder: string): Promise<boolean> {
  const owner = parseOwner(holder);
  if (!owner || owner.host !== hostname()) return false;
  if (owner.bootId !== bootId()) return true;
  if (owner.pid === process.pid && owner.processStart === processStart(process.pid)) return false;
  return !isRunning(owner.pid) || processStart(owner.pid) !== owner.processStart;
}

/** A holder in words: `process 123 on host`. */
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

/** Field 22 of proc(5)'s stat. */
function processStart(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/**
 * Fields of proc(5)'s stat from the third on: the second is the command in parentheses, which may
 * itself hold spaces.
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
  // Killed, and only waiting for its parent to hear of it.
  if (statFields(pid)[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
