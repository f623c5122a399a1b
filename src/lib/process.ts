import { readFileSync, readlinkSync } from 'node:fs';

/** A process, described well enough that another process can find out whether it has ended. */
export interface ProcessIdentity {
  /** An id that changes at each boot. Empty if the system does not provide one. */
  readonly bootId: string;
  /** The namespace in which `pid` means this process. Empty if the system does not provide one. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** The start time, which differs between two processes with the same pid. May be empty. */
  readonly processStart: string;
}

export function thisProcess(): ProcessIdentity {
  return { bootId: bootId(), pidNamespace: pidNamespace(), pid: process.pid, processStart: statFields('self')[19] ?? '' };
}

/** True only if the process has certainly ended. */
export function hasEnded(process: ProcessIdentity): boolean {
  return judgeProcess(process) === 'ended';
}

/**
 * Finds out whether a process still runs. A process of another boot or namespace is `unknown`,
 * because its pid means another process here. A process that /proc hides may still run.
 */
export function judgeProcess(identity: ProcessIdentity): 'running' | 'ended' | 'unknown' {
  const { bootId: boot, pidNamespace: namespace, pid, processStart } = identity;
  const isComparable = boot !== '' && boot === bootId() && namespace !== '' && namespace === pidNamespace();
  if (!isComparable) return 'unknown';
  const fields = statFields(pid);
  const [state] = fields;
  if (state === undefined) return isRunning(pid) ? 'unknown' : 'ended';
  if (processStart !== '' && fields[19] !== processStart) return 'ended';
  // A killed process whose parent has not collected it yet is a zombie. It writes nothing any more,
  // unless one of its threads has yet to end a write, for example to a slow network disk.
  return (state === 'Z' || state === 'X') && Number(fields[17]) <= 1 ? 'ended' : 'running';
}

function bootId(): string {
  return readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
}

/**
 * The link /proc/self/ns/pid names the namespace by its inode; see pid_namespaces(7). Empty if
 * /proc shows the pids of another namespace, as in a container with the /proc of its host.
 */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self') === String(process.pid) ? readlinkSync('/proc/self/ns/pid') : '';
  } catch {
    return '';
  }
}

/**
 * The fields of /proc/PID/stat from the third on; see proc(5). The second field, the command in
 * parentheses, may contain spaces. Empty if the process is gone or hidden.
 */
function statFields(pid: number | 'self'): readonly string[] {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Signal 0 reaches a process even if /proc hides it. Only ESRCH proves that no process has the pid.
 */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
