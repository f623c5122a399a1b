/** Runs a command and measures its process and all descendants, from the start to the exit. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

export interface Command {
  readonly argv: readonly string[];
  /** All environment variables of the command except PATH. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Measured {
  /** The exit code is null if a signal ended the shell that runs the command. */
  readonly exitCode: number | null;
  readonly wallSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** The largest resident memory of all processes together. */
  readonly peakBytes: number;
  /** The resident memory of all processes together, over time. */
  readonly memory: readonly MemorySample[];
  /** The text on standard error. */
  readonly stderr: string;
}

export interface MemorySample {
  readonly seconds: number;
  readonly bytes: number;
}

export interface Running {
  /** Sends SIGKILL to the command and all its descendants. */
  kill(): void;
  readonly ended: Promise<Measured>;
}

const sampleEveryMs = 25;
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach(killTree));

/**
 * Starts a command with the shell's `time`, because Node has no call for the CPU time of a command
 * and its descendants. `time` writes to descriptor 3, with a precision of milliseconds. With the
 * path `flush` the wall time includes sync(1) of the file system that holds this path.
 */
export function startMeasured(command: Command, options: { readonly flush?: string } = {}): Running {
  const timed = 'TIMEFORMAT="%3U %3S"; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3';
  const startedAtMs = performance.now();
  const child = spawn('bash', ['-c', timed, 'bash', ...command.argv], {
    env: { PATH: process.env['PATH'], ...command.env },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true, // its own process group, so that all its processes can be killed together
  });
  running.add(child);
  const memory = watchMemory(child.pid ?? 0, startedAtMs);
  return { kill: () => killCommand(child.pid ?? 0), ended: waitForEnd(child, memory, startedAtMs, options.flush) };
}

async function waitForEnd(
  child: ChildProcess,
  memory: MemoryWatch,
  startedAtMs: number,
  flush: string | undefined,
): Promise<Measured> {
  const stderr = text(child.stderr as Readable);
  const times = text(child.stdio[3] as Readable);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('exit', resolve);
  const exitCode = await promise.finally(() => {
    memory.stop();
    running.delete(child);
  });
  if (flush !== undefined) await flushFileSystem(flush);
  const wallSeconds = (performance.now() - startedAtMs) / 1000;
  const [userSeconds = 0, systemSeconds = 0] = (await times).trim().split(' ').map(Number);
  return {
    exitCode,
    wallSeconds,
    userSeconds,
    systemSeconds,
    peakBytes: memory.peakBytes(),
    memory: memory.samples,
    stderr: await stderr,
  };
}

/** Runs sync(1) for the file system that holds `path`. */
export async function flushFileSystem(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', path]);
}

/** Kills the shell's descendants. The shell is not killed, because it reaps the dead processes. */
function killCommand(shell: number): void {
  for (const pid of descendants(shell)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has ended already.
    }
  }
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined || !running.has(child)) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The processes have ended already.
  }
}

interface MemoryWatch {
  readonly samples: MemorySample[];
  peakBytes(): number;
  stop(): void;
}

function watchMemory(shell: number, startedAtMs: number): MemoryWatch {
  const samples: MemorySample[] = [];
  let peakBytes = 0;
  const watch = setInterval(() => {
    const processes = descendants(shell).map(memoryOf);
    const bytes = processes.reduce((sum, { nowBytes }) => sum + nowBytes, 0);
    samples.push({ seconds: (performance.now() - startedAtMs) / 1000, bytes });
    // Memory may peak between two samples, so the kernel's own peak of each process counts too.
    peakBytes = Math.max(peakBytes, bytes, ...processes.map((process) => process.peakBytes));
  }, sampleEveryMs);
  return { samples, peakBytes: () => peakBytes, stop: () => clearInterval(watch) };
}

function descendants(pid: number): number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function memoryOf(pid: number): { readonly nowBytes: number; readonly peakBytes: number } {
  const status = readProc(`/proc/${pid}/status`);
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { nowBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
}

/** Reads a file of /proc. Returns an empty text if the process has ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
