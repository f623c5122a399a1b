/**
 * Runs one slice of a run in its own process, as an invocation of a function does. The only
 * argument is the job as JSON. The process prints a report as JSON. slices.ts starts this process.
 */
import { openS3 } from '../../../src/destination/s3/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createDigests } from '../../../src/lib/digest/index.ts';
import { createHttpClient } from '../../../src/lib/http/index.ts';
import type { Event } from '../../../src/events.ts';
import { alwaysRoles } from '../../../src/media.ts';
import { plan } from '../../../src/plan/plan.ts';
import { beginListing, listSlice } from '../../../src/run/listing.ts';
import { createGoproSource } from '../../../src/source/gopro/index.ts';
import { openSqliteTracker } from '../../../src/tracker/sqlite/index.ts';
import { createSlice } from '../../../src/transfer/slice.ts';
import { transfer } from '../../../src/transfer/transfer.ts';
import { collect } from '../../support/collect.ts';

export interface SliceJob {
  readonly apiUrl: string;
  readonly credentials: { readonly accessToken: string; readonly userId: string };
  readonly store: string;
  readonly trackerPath: string;
  readonly runStartedAt: string;
  readonly budgetMs: number;
  readonly idleBefore: number;
  readonly concurrency: number;
  /** The first slice lists the library first. */
  readonly isFirst: boolean;
}

export interface SliceReport {
  readonly idle: number;
  readonly fetchedBytes: number;
  readonly failures: readonly string[];
  /** The status and the proof of each original. */
  readonly originals: readonly {
    readonly status: string;
    readonly proof: string | null;
    readonly claimPartBytes: number | null;
  }[];
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

const job = JSON.parse(process.argv[2] ?? '') as SliceJob;
const clock = systemClock;
const events: Event[] = [];
const report = (event: Event) => void events.push(event);
const http = createHttpClient({ connections: job.concurrency });
const digests = createDigests();
const { apiUrl, credentials } = job;
const source = createGoproSource({ apiUrl, credentials, requestsPerSecond: 1_000, stallMs: 10_000, http, clock });
const tracker = await openSqliteTracker({ path: job.trackerPath, archiveId: 'a', clock, onWarning: () => {} });
const destination = openS3({ bucket: 'archive', prefix: '', endpoint: job.store, clock, stallMs: 10_000 });

if (job.isFirst) await list();
const { idle, fetchedBytes } = await transferInSlice();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const answer: SliceReport = {
  idle,
  fetchedBytes,
  failures: events.flatMap((event) => (event.type === 'file.failed' ? [`${event.code} ${event.reason}`] : [])),
  originals: await originals(),
  cpuMs: (userCPUTime + systemCPUTime) / 1000,
  peakRssBytes: maxRSS * 1024,
};
await Promise.all([tracker.close(), destination.close(), http.close(), digests.close()]);
process.stdout.write(JSON.stringify(answer));

async function list(): Promise<void> {
  const { signal } = new AbortController();
  const options = { source, tracker, clock, report, runId: 'run', full: false, signal };
  await listSlice(options, await beginListing(options), () => false);
}

async function transferInSlice() {
  const slice = createSlice({ budgetMs: job.budgetMs, idleBefore: job.idleBefore, clock });
  const work = await plan(tracker.openMedia(alwaysRoles), { covers: () => true, roles: alwaysRoles });
  const ports = { source, destination, tracker, http, digests, clock, report };
  const { totals, error } = await transfer(work, ports, {
    owner: 'execution',
    leaseMs: 60_000,
    runStartedAt: job.runStartedAt,
    roles: alwaysRoles,
    concurrency: job.concurrency,
    bandwidth: [],
    quarantineAfter: 10,
    stallMs: 10_000,
    plainHttp: true,
    recovered: [],
    slice,
    signal: new AbortController().signal,
  });
  if (error) throw error;
  return { idle: slice.idleWeight(), fetchedBytes: totals.fetchedBytes };
}

async function originals(): Promise<SliceReport['originals']> {
  const media = await collect(tracker.rows());
  return media.flatMap((row) => row.originals.map(({ status, proof, claimPartBytes }) => ({ status, proof, claimPartBytes })));
}
