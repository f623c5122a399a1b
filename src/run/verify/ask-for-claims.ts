import type { Destination } from '../../destination/destination.ts';
import type { Source } from '../../source/source.ts';
import type { Report } from '../../events.ts';
import { asSyncError, type SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import type { HttpClient } from '../../lib/http/index.ts';
import { originalId, provenSame, type Role } from '../../media.ts';
import { encodeClaim } from '../../proof/claim.ts';
import type { RowOriginal, Tracker } from '../../tracker/tracker.ts';
import type { Accounting } from '../../transfer/accounting.ts';
import { createHostGate, createPartSlots } from '../../transfer/media-host/limits.ts';
import { createMediaHosts } from '../../transfer/media-host/media-hosts.ts';
import { createMediumUrls } from '../../transfer/media-host/medium-urls.ts';
import { probePatiently } from '../../transfer/media-host/patient-probe.ts';
import { recordVerdict } from '../../transfer/record-verdict.ts';
import type { ArchivedFile } from '../judge-file.ts';

/** What is needed to ask the provider for the claims of archived files. */
export interface ClaimPorts {
  readonly source: Source;
  /** The client for requests to media hosts. It never sends credentials. */
  readonly http: HttpClient;
  readonly accounting: Accounting;
  /** Returns how many requests the source has made so far. */
  readonly apiRequests: () => number;
  readonly stallMs: number;
  /** True if signed URLs may be plain http, because the provider's address is plain http. */
  readonly plainHttp: boolean;
}

interface AskPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
}

/** How many media are asked about at once. */
const concurrency = 4;

/**
 * Asks the provider for its claims of the archived files for which it was never asked. Sends one
 * resolve for each medium of such files, and one HEAD for each file. Keeps a claim only if the
 * provider certainly still has the archived content. Returns the number of files that it now has an
 * answer for, and the number of files that it could not ask about. Errors: those of the source that
 * stop a run.
 */
export async function askForClaims(
  archived: Iterable<ArchivedFile>,
  ports: AskPorts,
  provider: ClaimPorts,
  signal: AbortSignal,
): Promise<{ readonly answers: number; readonly failed: number }> {
  const { source } = provider;
  const files = [...archived].filter((file) => isUnasked(file, source)).map(({ row }) => row);
  if (files.length === 0) return { answers: 0, failed: 0 };
  await source.validate(signal);
  ports.report({ type: 'credentials.valid', account: source.account });
  const asking = { ...ports, ...openHosts(ports, provider, signal), signal };
  const asked = { tried: new Set<string>(), answers: 0 };
  const failures: SyncError[] = [];
  let failed = 0;
  const media = Map.groupBy(files, (row) => row.original.mediaId);
  await forEachLimited(media, concurrency, async ([mediaId, rows]) => {
    signal.throwIfAborted();
    try {
      await askAboutMedium(mediaId, rows, asking, asked);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop') throw error;
      if (error.code === 'SOURCE_GONE') return;
      failures.push(error);
      failed += rows.filter(({ id }) => !asked.tried.has(id)).length;
    }
  });
  if (failures.length > 0) ports.report({ type: 'warning', message: describeFailures(failures), hint: askAgainHint });
  return { answers: asked.answers, failed };
}

/** Whether the provider can still be asked about a file, and never was. */
function isUnasked({ row, isFinal }: ArchivedFile, { provider, account }: Source): boolean {
  const { claim, mark, original } = row;
  const isSound = mark === null || mark === 'SUSPECT';
  return claim === null && isSound && !isFinal && original.provider === provider && original.account === account;
}

interface Asking extends ReturnType<typeof openHosts>, Omit<AskPorts, 'clock'> {
  readonly signal: AbortSignal;
}

function openHosts({ clock, report }: AskPorts, provider: ClaimPorts, signal: AbortSignal) {
  const { source, http, accounting, stallMs, plainHttp } = provider;
  const onPause = (host: string, forMs: number) => report({ type: 'host.paused', host, forMs });
  const hosts = createMediaHosts({ http, gate: createHostGate(clock), clock, accounting, stallMs, plainHttp, onPause });
  return { source, clock, hosts, slots: createPartSlots(concurrency), signal };
}

interface Asked {
  /** The files about which the provider was asked, or that it no longer offers. */
  readonly tried: Set<string>;
  /** For how many of them it gave an answer. */
  answers: number;
}

/** Notes in `asked` for which files the provider gave an answer. Errors: those of the provider. */
async function askAboutMedium(mediaId: string, rows: readonly RowOriginal[], asking: Asking, asked: Asked): Promise<void> {
  const { source, clock, signal } = asking;
  const roles: Role[] = [...new Set(rows.map((row) => row.original.role))];
  const resolve = async () => source.resolve(mediaId, roles, signal);
  const urls = createMediumUrls(await resolve(), resolve, clock);
  for (const row of rows) {
    const offerId = originalId(row.original, 1);
    const now = urls.offers(offerId) ? await probePatiently(asking, { urls, offerId, signal }) : undefined;
    asked.tried.add(row.id);
    if (!now || now.sizeBytes !== row.sizeBytes || !provenSame(row.validator, now.validator)) continue;
    const evidence = { claim: encodeClaim(now.claim), proof: now.claim ? 'unchecked' : 'none', claimPartBytes: null } as const;
    await recordVerdict(asking, row, { mark: row.mark, evidence, hasReadBytes: false });
    asked.answers += 1;
  }
}

const askAgainHint = 'Run the same command again later.';

function describeFailures([first, ...others]: readonly SyncError[]): string {
  const which = others.length === 0 ? '1 medium' : `${(others.length + 1).toLocaleString('en')} media`;
  return `could not ask the provider about the files of ${which}: ${first?.message ?? ''}`;
}
