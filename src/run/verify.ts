import { randomUUID } from 'node:crypto';
import { asSyncError, SyncError } from '../errors.ts';
import type { RunFinished } from '../events.ts';
import { summarise, type RunFacts } from '../report/summary.ts';
import { incompleteEvent } from './incomplete.ts';
import { noFindings, type Findings } from './judge-file.ts';
import { leaseArchive, type LeaseSettings } from './lease-archive.ts';
import { adoptUnknown, recover, type RecoverPorts } from './recover.ts';
import { archivedFiles } from './verify/archived-files.ts';
import { askForClaims, type ClaimPorts } from './verify/ask-for-claims.ts';
import { checkFiles, type CheckPorts } from './verify/check-files.ts';
import { checkRolling } from './verify/rolling-check.ts';

export interface VerifyPorts extends RecoverPorts, CheckPorts {
  /** Asks the provider for claims. Undefined if the provider is not needed. */
  readonly provider: ClaimPorts | undefined;
}

export interface VerifyOptions {
  readonly lease: LeaseSettings;
  /** Whether to read every byte again, even if the store has a checksum. */
  readonly deep: boolean;
  /**
   * If set, only the files are read whose last check is oldest, so that no byte becomes older than
   * this number of days.
   */
  readonly rollingDays: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Compares every archived file with its recorded size and checksum, and with the provider's claim.
 * First it adopts each file that the archive describes and the tracker does not know. Marks
 * missing, damaged and suspect files for the next `sync`. Reports files that nothing describes, and
 * leaves them alone. If it may not write to the archive, it warns and only reads. It reports one
 * event for each finding and ends with `run.finished`. It never throws.
 */
export async function verify(ports: VerifyPorts, options: VerifyOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const beganAtMs = ports.clock.elapsed();
  const { destination, tracker, provider, report } = ports;
  const found = noFindings();
  let facts: Pick<RunFacts, 'error'> = {};
  const held = new AsyncDisposableStack();
  report({ type: 'run.started', runId, kind: 'verify', provider: null, destination: destination.location, dryRun: false });
  try {
    const leased = held.use(await leaseArchive(ports, options.lease, { exclusive: 'if writable', signal: options.signal }));
    const signal = AbortSignal.any([options.signal, leased.lost]);
    await tracker.beginRun(runId, 'verify');
    const leasedPorts = { ...ports, destination: leased.destination };
    await recover(leasedPorts, { publish: leased.isExclusive });
    await verifyFiles(leasedPorts, { ...options, signal }, found);
  } catch (thrown) {
    facts = { error: options.signal.reason instanceof SyncError ? options.signal.reason : asSyncError(thrown) };
  }
  const { counts: verified, differences } = found;
  const finished = summarise({
    runId,
    kind: 'verify',
    elapsedMs: ports.clock.elapsed() - beganAtMs,
    ...facts,
    ...(provider && { apiRequests: provider.apiRequests(), mediaRequests: provider.accounting.totals().mediaRequests }),
    verified,
    differences,
  });
  if (finished.outcome !== 'locked') await tracker.finishRun(runId, finished.outcome, JSON.stringify(finished)).catch(() => {});
  await held.disposeAsync();
  report(finished);
  return finished;
}

async function verifyFiles(ports: VerifyPorts, options: VerifyOptions, found: Findings): Promise<void> {
  const { destination, tracker, provider, report } = ports;
  const { rollingDays, deep, signal } = options;
  let archived = await archivedFiles(tracker);
  const { adopted, described } = await adoptUnknown(ports, archived);
  if (adopted > 0) archived = await archivedFiles(tracker);
  if (provider) {
    const { answers, failed } = await askForClaims(archived.values(), ports, provider, signal);
    found.counts.unasked = failed;
    found.differences += failed;
    if (answers > 0) archived = await archivedFiles(tracker);
  }
  await judgeMedia(ports, found);
  const files = [...archived.values()];
  if (rollingDays !== undefined)
    return checkRolling(ports, { archived: files, days: rollingDays, includesMarked: true, signal }, found);
  await checkFiles(files, ports, { archived: files, deep, signal }, found);
  for await (const key of destination.unknown(new Set([...archived.keys(), ...described]))) {
    found.counts.unknown += 1;
    report({ type: 'file.unknown', key, path: `${destination.location}/${key}` });
  }
}

/** Reports the media of which the archive lost files together with their descriptions. */
async function judgeMedia({ tracker, report }: VerifyPorts, found: Findings): Promise<void> {
  for await (const { tracked } of tracker.rows(['LISTED', 'WAITING', 'FAILED', 'QUARANTINED', 'SOURCE_DELETED'])) {
    const event = incompleteEvent(tracked);
    if (!event) continue;
    found.counts.missing += event.missing;
    if (event.lost) found.counts.lost += event.missing;
    if (tracked.acceptedAt === null) found.differences += event.missing;
    report(event);
  }
}
