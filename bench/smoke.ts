/**
 * A quick check for continuous integration. It checks content, proofs, the numbers of requests and
 * SQLite statements, the bytes fetched again, and the peak memory. It runs only Cloud Sync, with
 * small sizes and without a limit on time.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkRun, waitForSuccess, measureJob, openScene, startJob, type Bench, type Place, type Run } from './bench.ts';
import { measureKilled } from './killed.ts';
import { lies, observeReaction, type Outcome } from './lying.ts';
import { measureNothingNew } from './nothing-new.ts';
import type { Files, LieKind } from './servers.ts';

/** The source's film was uploaded in parts of 100 MiB. Cloud Sync fetches each as five parts. */
const partBytes = 20 * 1024 * 1024;
const connections = 5;
const partCount = 16;

/** One file of sixteen parts. */
const film: Files = { count: 1, sizeBytes: partCount * partBytes, extension: 'mp4' };
export const smokeDataBytes = film.sizeBytes;

/** The goal is 130 MB. The limit is higher, because some garbage is not collected yet. */
const maxMemoryBytes = 200_000_000;

interface PerFile {
  readonly what: string;
  readonly count: (run: CountedRun) => number;
  readonly max: number;
}

/** The highest allowed costs of one more small file. */
function limitsPerFile(place: 's3' | 'ramDisk'): PerFile[] {
  return [
    { what: 'API requests', count: ({ run }) => run.source.apiRequests, max: 1 },
    // A file needs a HEAD for the size, and a GET.
    { what: 'media requests', count: ({ run }) => run.source.heads + run.source.gets, max: 2 },
    // A file needs a PUT and a HEAD of the stored object. A few files need a HEAD before the PUT.
    { what: 'store requests', count: ({ run }) => run.sink?.requests ?? 0, max: place === 's3' ? 2.5 : 0 },
    // The number varies a little, because leases are renewed and several files commit at once.
    { what: 'SQLite statements', count: ({ statements }) => statements, max: 30 },
    { what: 'SQLite transactions', count: ({ transactions }) => transactions, max: 3 },
  ];
}

export async function smoke(bench: Bench): Promise<void> {
  const check = createChecker(bench.log);
  for (const place of ['ramDisk', 's3'] as const) await smallFiles(bench, place, check);
  for (const place of ['ramDisk', 's3'] as const) await oneFilm(bench, place, check);
  for (const place of ['ramDisk', 's3'] as const) await killedFilm(bench, place, check);
  await provenFiles(bench, check);
  await nothingNew(bench, check);
  await lyingSource(bench, check);
  check.end();
}

interface Checker {
  atMost(what: string, value: number, max: number): void;
  exactly(what: string, value: string, expected: string): void;
  /** Throws if a check failed. */
  end(): void;
}

function createChecker(log: (text: string) => void): Checker {
  const wrong: string[] = [];
  const record = (right: boolean, what: string, found: string): void => {
    log(`${right ? 'ok   ' : 'WRONG'} ${what}: ${found}`);
    if (!right) wrong.push(what);
  };
  return {
    atMost: (what, value, max) =>
      record(value <= max, what, `${value.toLocaleString('en')} of at most ${max.toLocaleString('en')}`),
    exactly: (what, value, expected) =>
      record(value === expected, what, value === expected ? value : `${value} instead of ${expected}`),
    end: () => {
      if (wrong.length > 0) throw new Error(`these checks failed: ${wrong.join('; ')}`);
    },
  };
}

/** Syncs 50 files and then 90 files. The difference is the cost of 40 files alone. */
async function smallFiles(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  const [fewer, more] = [await countedRun(bench, place, 50), await countedRun(bench, place, 90)];
  for (const { what, count, max } of limitsPerFile(place)) {
    check.atMost(`${what} per small file to ${place}`, (count(more) - count(fewer)) / 40, max);
  }
}

interface CountedRun {
  readonly run: Run;
  readonly statements: number;
  readonly transactions: number;
}

async function countedRun(bench: Bench, place: Place, count: number): Promise<CountedRun> {
  const tool = bench.ours.withNodeFlags(`--import=${fileURLToPath(new URL('count-statements.ts', import.meta.url))}`);
  const files: Files = { count, sizeBytes: 10_000, extension: 'jpg' };
  await using scene = await openScene(bench, { files, place, tls: true, connections: 16 });
  const command = tool.command(scene.job);
  if (!command) throw new Error(`${tool.name} cannot do this job`);
  const measured = await waitForSuccess(tool.name, startJob(command, scene.job));
  const [, statements, transactions] = /^SQLite: (\d+) statements, (\d+) transactions$/m.exec(measured.stderr) ?? [];
  return { run: await checkRun(scene, measured), statements: Number(statements), transactions: Number(transactions) };
}

async function oneFilm(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  const run = await measureJob(bench, bench.ours, { files: film, place, tls: true, connections });
  if (!run) throw new Error('Cloud Sync cannot do this job');
  const about = (what: string) => `${what} of ${partCount} parts to ${place}`;
  // The API gets three requests: user, search, download. Media get a HEAD, and a GET for each part.
  check.atMost(about('API requests for a file'), run.source.apiRequests, 3);
  check.atMost(about('media requests for a file'), run.source.heads + run.source.gets, 1 + partCount);
  check.atMost(about('media bytes for a file'), run.source.mediaBytes, film.sizeBytes);
  if (run.sink) check.atMost(about('store requests for a file'), run.sink.requests, partCount + perUpload);
  check.atMost(about('peak memory for a file'), run.peakBytes, maxMemoryBytes);
}

/**
 * The most store requests besides parts: probes of each optional header, lease, create, HEADs,
 * complete.
 */
const perUpload = 25;

async function killedFilm(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  // The limited rate leaves time to kill the job in the middle.
  const setting = { files: film, place, tls: true, connections, bytesPerSecond: 40_000_000 };
  const run = await measureKilled(bench, bench.ours, setting);
  check.atMost(`bytes fetched again after a kill, to ${place}`, run?.refetched?.bytes ?? NaN, connections * partBytes);
}

/** The source's files were uploaded in parts of two sizes. The manifest has the proof of each. */
async function provenFiles(bench: Bench, check: Checker): Promise<void> {
  const files: Files = { count: 6, sizeBytes: 50_000_000, extension: 'mp4' };
  await using scene = await openScene(bench, { files, place: 'ramDisk', tls: true, connections });
  const { to } = scene.job;
  const command = bench.ours.command(scene.job);
  if (!command || to.kind !== 'directory') throw new Error('Cloud Sync cannot do this job');
  await waitForSuccess(bench.ours.name, startJob(command, scene.job));
  const manifest = await readFile(join(to.path, '.cloud-sync', 'manifest.jsonl'), 'utf8');
  const proven = manifest.split('\n').filter((line) => line.includes('"proof":"proven"'));
  check.exactly('files proven by the ETag of the source', String(proven.length), String(files.count));
}

async function nothingNew(bench: Bench, check: Checker): Promise<void> {
  const files: Files = { count: 300, sizeBytes: 64, extension: 'jpg' };
  for (const run of await measureNothingNew(bench, bench.ours, { files, rounds: 1 })) {
    check.atMost('API requests when nothing is new', run.source.apiRequests, 3);
    check.atMost('media requests when nothing is new', run.source.heads + run.source.gets, 0);
    check.atMost('peak memory when nothing is new', run.peakBytes, maxMemoryBytes);
  }
}

const outcomes: Readonly<Record<LieKind, Outcome>> = {
  html: 'detected',
  short: 'detected',
  cut: 'survived',
  silent: 'survived',
  // The source has no right bytes, so Cloud Sync keeps these and marks the file as disputed.
  byte: 'detected, but left a damaged file under its name',
  once: 'survived',
  border: 'survived',
  resumed: 'survived',
};

async function lyingSource(bench: Bench, check: Checker): Promise<void> {
  for (const lie of lies) {
    const reaction = await observeReaction(bench, bench.ours, lie);
    const exitCode = outcomes[lie.kind] === 'survived' ? 0 : 1;
    const found = `${reaction?.outcome}, exit code ${reaction?.exitCode}`;
    check.exactly(`a source that lies (${lie.title})`, found, `${outcomes[lie.kind]}, exit code ${exitCode}`);
  }
}
