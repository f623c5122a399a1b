/** Runs the real command line as a child process and records its output, events and memory. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Event, RunFinished } from '../../src/events.ts';

/** A cache of compiled code. Without this cache, compiling takes half of each program start. */
export const compileCache = join(tmpdir(), 'cloud-sync-e2e-compiled');
const program = fileURLToPath(new URL('../../bin/cloud-sync.js', import.meta.url));

export interface CliRun {
  /** null if `signal` ended the process. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The events that `sync` or `verify` printed. Empty without `--json`. */
  readonly events: readonly Event[];
  /** The largest resident memory that was seen. 0 if the system does not report memory. */
  readonly peakRssBytes: number;
}

export interface RunningCli {
  readonly pid: number;
  /** Standard output so far. */
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  /** Rejects if the process does not end in time, or if `--json` prints anything but events. */
  readonly ended: Promise<CliRun>;
}

export interface CliOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** After this time the process is killed and `ended` rejects. Default: 100 s. */
  readonly withinMs?: number;
}

/** Starts `cloud-sync` with only PATH, a compile cache and these environment variables. */
export function startCli(args: readonly string[], options: CliOptions): RunningCli {
  const { withinMs = 100_000 } = options;
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  let peakRssBytes = 0;
  const watching = setInterval(() => (peakRssBytes = Math.max(peakRssBytes, peakRssOf(child.pid ?? 0))), 50);
  const { promise, resolve, reject } = Promise.withResolvers<CliRun>();
  const tooLate = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new Error(`cloud-sync ${args.join(' ')} did not end within ${withinMs} ms\n${lastWordsOf(output)}`));
  }, withinMs);
  child.on('error', reject);
  child.on('close', (exitCode, signal) => {
    clearTimeout(tooLate);
    clearInterval(watching);
    try {
      const events = eventsIn(args, output, { killed: signal === 'SIGKILL', exitCode });
      resolve({ exitCode, signal, ...output, events, peakRssBytes });
    } catch (error) {
      reject(error);
    }
  });
  return { pid: child.pid ?? 0, stdout: () => output.stdout, kill: (signal) => void child.kill(signal), ended: promise };
}

/** Runs the command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  return startCli(args, options).ended;
}

/**
 * Runs the command line within this process. This is for tests with hundreds of runs, because the
 * start of a child process costs the most time. The AWS SDK reads the environment itself, so the
 * variables for the SDK are set for this process and stay set.
 */
export async function runCliHere(args: readonly string[], environment: CliOptions['environment']): Promise<CliRun> {
  const { main } = await import('../../src/cli/main.ts');
  const output = { stdout: '', stderr: '' };
  const collect = (name: keyof typeof output) =>
    new Writable({
      write: (chunk, _encoding, done) => {
        output[name] += String(chunk);
        done();
      },
    });
  for (const [name, value] of Object.entries(environment)) if (name.startsWith('AWS_')) process.env[name] = value;
  const streams = { stdin: process.stdin, stdout: collect('stdout'), stderr: collect('stderr') };
  const exitCode = await main(args, environment, streams);
  return { exitCode, signal: null, ...output, events: eventsIn(args, output, { killed: false, exitCode }), peakRssBytes: 0 };
}

/** The last event of a run, which must be `run.finished`. */
export function finishedOf(run: CliRun): RunFinished {
  const last = run.events.at(-1);
  if (last?.type !== 'run.finished') throw new Error(`the run did not end with run.finished\n${lastWordsOf(run)}`);
  return last;
}

/** The failures, the warnings and the last lines of a run, for the message of a failed test. */
export function lastWordsOf({ stdout, stderr }: Pick<CliRun, 'stdout' | 'stderr'>): string {
  const lines = stdout.split('\n').filter((line) => !line.startsWith('{"type":"progress"'));
  const troubles = lines.filter((line) => /^\{"type":"(?:warning|(?:file|medium)\.(?:failed|retried|restarted))"/.test(line));
  return [...troubles.slice(0, 20), '…', ...lines.slice(-10), stderr.slice(-2_000)].join('\n');
}

/** All events of one type. */
export function eventsOf<Type extends Event['type']>(run: CliRun, type: Type): Extract<Event, { readonly type: Type }>[] {
  return run.events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
}

/**
 * Returns the events of `sync`, `verify`, `restore`, `copy` and `thaw` with `--json`. For any other command the
 * list is empty.
 */
function eventsIn(args: readonly string[], ...facts: Parameters<typeof readEvents>): Event[] {
  return ['sync', 'verify', 'restore', 'copy', 'thaw'].includes(args[0] ?? '') && args.includes('--json')
    ? readEvents(...facts)
    : [];
}

/**
 * Parses each line as an event. Throws if the last event is not `run.finished`, unless a signal or
 * a usage error ended the process.
 */
function readEvents(
  output: { readonly stdout: string; readonly stderr: string },
  end: { readonly killed: boolean; readonly exitCode: number | null },
): Event[] {
  const lines = output.stdout.split('\n');
  const rest = lines.pop();
  if (rest !== '' && !end.killed) throw new Error(`the output ends within a line: ${rest}`);
  const events = lines.map((line) => {
    try {
      return JSON.parse(line) as Event;
    } catch (error) {
      throw new Error(`this line of --json is no JSON: ${line}`, { cause: error });
    }
  });
  const last = events.at(-1);
  const consistent = last?.type === 'run.finished' && last.exitCode === end.exitCode;
  if (!end.killed && end.exitCode !== 2 && !consistent) {
    throw new Error(`exit code ${end.exitCode}, but the last line is another\n${lastWordsOf(output)}`);
  }
  const endings = events.filter((event) => event.type === 'run.finished').length;
  if (endings > 1) throw new Error(`run.finished came ${endings} times`);
  return events;
}

function peakRssOf(pid: number): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
