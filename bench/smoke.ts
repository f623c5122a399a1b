/**
 * A quick look at what must be exact, for continuous integration: content, numbers of requests and
 * statements, bytes fetched again, and a ceiling of memory with slack. Only Cloud Sync itself,
 * small sizes, no threshold on time.
 */
import { fileURLToPath } from 'node:url';
import { checkedRun, finished, measureJob, openScene, startJob, type Bench, type Place, type Run } from './bench.ts';
import { measureKilled } from './killed.ts';
import { lies, reactionTo, type Outcome } from './lying.ts';
import { measureNothingNew } from './nothing-new.ts';
import type { Files, LieKind } from './servers.ts';

const partBytes = 16 * 1024 * 1024;
const connections = 5;
const partCount = 20;

/** One file of twenty parts. */
const film: Files = { count: 1, sizeBytes: partCount * partBytes, extension: 'mp4' };
export const smokeDataBytes = film.sizeBytes;

/** The goal is 130 MB; what a garbage collector leaves behind differs between machines. */
const maxMemoryBytes = 200_000_000;

interface PerFile {
  readonly what: string;
  readonly count: (run: CountedRun) => number;
  readonly most: number;
}

/** What one more small file costs at most. */
function limitsPerFile(place: 's3' | 'ramDisk'): PerFile[] {
  return [
    { what: 'API requests', count: ({ run }) => run.source.apiRequests, most: 1 },
    // HEAD for its size, and the GET.
    { what: 'media requests', count: ({ run }) => run.source.heads + run.source.gets, most: 2 },
    // The PUT and a look at what was stored; rarely a look at the key before.
    { what: 'store requests', count: ({ run }) => run.sink?.requests ?? 0, most: place === 's3' ? 2.5 : 0 },
    // These depend on time a little: on leases to renew, and on how many commits find company.
    { what: 'SQLite statements', count: ({ statements }) => statements, most: 30 },
    { what: 'SQLite transactions', count: ({ transactions }) => transactions, most: 3 },
  ];
}

export async function smoke(bench: Bench): Promise<void> {
  const check = createChecker(bench.say);
  for (const place of ['ramDisk', 's3'] as const) await smallFiles(bench, place, check);
  for (const place of ['ramDisk', 's3'] as const) await oneFilm(bench, place, check);
  for (const place of ['ramDisk', 's3'] as const) await killedFilm(bench, place, check);
  await nothingNew(bench, check);
  await lyingSource(bench, check);
  check.end();
}

interface Checker {
  atMost(what: string, value: number, most: number): void;
  exactly(what: string, value: string, expected: string): void;
  /** Throws if anything was not as it has to be. */
  end(): void;
}

function createChecker(say: (text: string) => void): Checker {
  const wrong: string[] = [];
  const note = (right: boolean, what: string, found: string): void => {
    say(`${right ? 'ok   ' : 'WRONG'} ${what}: ${found}`);
    if (!right) wrong.push(what);
  };
  return {
    atMost: (what, value, most) =>
      note(value <= most, what, `${value.toLocaleString('en')} of at most ${most.toLocaleString('en')}`),
    exactly: (what, value, expected) =>
      note(value === expected, what, value === expected ? value : `${value}, and not ${expected}`),
    end: () => {
      if (wrong.length > 0) throw new Error(`not as it has to be: ${wrong.join('; ')}`);
    },
  };
}

/** Two libraries of different size: the difference is what files cost, without the run itself. */
async function smallFiles(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  const [fewer, more] = [await countedRun(bench, place, 50), await countedRun(bench, place, 90)];
  for (const { what, count, most } of limitsPerFile(place)) {
    check.atMost(`${what} a small file to ${place}`, (count(more) - count(fewer)) / 40, most);
  }
}

interface CountedRun {
  readonly run: Run;
  readonly statements: number;
  readonly transactions: number;
}

async function countedRun(bench: Bench, place: Place, count: number): Promise<CountedRun> {
  const tool = bench.ours.observed(`--import=${fileURLToPath(new URL('count-statements.ts', import.meta.url))}`);
  const files: Files = { count, sizeBytes: 10_000, extension: 'jpg' };
  await using scene = await openScene(bench, { files, place, tls: true, connections: 16 });
  const command = tool.command(scene.job);
  if (!command) throw new Error(`${tool.name} has no such command`);
  const measured = await finished(tool.name, startJob(command, scene.job));
  const [, statements, transactions] = /^SQLite: (\d+) statements, (\d+) transactions$/m.exec(measured.stderr) ?? [];
  return { run: await checkedRun(scene, measured), statements: Number(statements), transactions: Number(transactions) };
}

async function oneFilm(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  const run = await measureJob(bench, bench.ours, { files: film, place, tls: true, connections });
  if (!run) throw new Error('Cloud Sync did not take the job');
  const about = (what: string) => `${what} of ${partCount} parts to ${place}`;
  // user, search, download; a HEAD; a GET for each part.
  check.atMost(about('API requests for a file'), run.source.apiRequests, 3);
  check.atMost(about('media requests for a file'), run.source.heads + run.source.gets, 1 + partCount);
  check.atMost(about('media bytes for a file'), run.source.mediaBytes, film.sizeBytes);
  if (run.sink) check.atMost(about('store requests for a file'), run.sink.requests, partCount + perUpload);
  check.atMost(about('peak memory for a file'), run.peakBytes, maxMemoryBytes);
}

/**
 * What a first run asks of a store besides the parts: what archive and store it is, then create,
 * look, complete, look again.
 */
const perUpload = 20;

async function killedFilm(bench: Bench, place: 's3' | 'ramDisk', check: Checker): Promise<void> {
  // Slow enough to be killed in its middle.
  const setting = { files: film, place, tls: true, connections, bytesPerSecond: 40_000_000 };
  const run = await measureKilled(bench, bench.ours, setting);
  check.atMost(`bytes fetched again after a kill, to ${place}`, run?.refetched?.bytes ?? NaN, connections * partBytes);
}

async function nothingNew(bench: Bench, check: Checker): Promise<void> {
  const files: Files = { count: 300, sizeBytes: 64, extension: 'jpg' };
  for (const run of await measureNothingNew(bench, bench.ours, { files, rounds: 1 })) {
    check.atMost('API requests when nothing is new', run.source.apiRequests, 3);
    check.atMost('media requests when nothing is new', run.source.heads + run.source.gets, 0);
    check.atMost('peak memory when nothing is new', run.peakBytes, maxMemoryBytes);
  }
}

/**
 * Nobody can see a changed byte without a checksum from the source, so that one is here to show
 * that a wrong copy would be noticed.
 */
const outcomes: Readonly<Record<LieKind, Outcome>> = {
  html: 'detected',
  short: 'detected',
  cut: 'survived',
  silent: 'survived',
  byte: 'reported success with wrong bytes',
};

async function lyingSource(bench: Bench, check: Checker): Promise<void> {
  for (const lie of lies) {
    const reaction = await reactionTo(bench, bench.ours, lie);
    const exitCode = outcomes[lie.kind] === 'detected' ? 1 : 0;
    const found = `${reaction?.outcome}, exit code ${reaction?.exitCode}`;
    check.exactly(`a source that lies (${lie.title})`, found, `${outcomes[lie.kind]}, exit code ${exitCode}`);
  }
}
