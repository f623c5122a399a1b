import type { Tally } from '../../media.ts';
import { jsonLine } from '../../lib/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { formatBytes } from '../../report/figures.ts';
import type { Context } from '../command.ts';
import { archiveStatus, filesLine, labelledLines, mediaLine } from '../output/archive-status.ts';
import { credentialsLine, credentialsStatus } from '../output/credentials-line.ts';
import { evidenceLines, readEvidence } from '../output/evidence-lines.ts';
import { proofLines, proofStatus } from '../output/proof-lines.ts';
import { lastRuns, runLine, toLastRun, type ShownRun } from '../output/run-lines.ts';
import { thawLines, thawStatus } from '../output/thaw-lines.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runStatus(context: Context): Promise<number> {
  const { config, stdout } = context;
  await using ledger = await openLedger(context);
  const { tracker, place } = ledger;
  const tally = await archiveStatus(tracker);
  const evidence = await readEvidence(tracker, tally);
  const proof = await proofStatus(tally, tracker);
  const runs = await lastRuns(tracker);
  const credentials = await credentialsStatus(config);
  const thaw = await thawStatus(ledger, context, systemClock.now());
  const freeBytes = (await ledger.destination?.freeBytes?.()) ?? null;
  if (config.settings.json) {
    const archive = { destination: place, archiveId: tracker.archiveId, ...tally, ...proof, evidence, freeBytes };
    stdout.write(jsonLine({ ...archive, ...(thaw && { thaw }), credentials, lastRuns: runs.map(toLastRun) }));
    return 0;
  }
  const rows = [
    ['Archive', `${place} (${tracker.archiveId})`],
    ['Free', freeBytes === null ? '' : formatBytes(freeBytes)],
    ['Media', mediaLine(tally)],
    ['Files', filesLine(tally)],
    ...proofLines(proof, { list: '`cloud-sync list --proof disputed`', nowMs: systemClock.now() }),
    ...thawLines(thaw, systemClock.now()),
    ...evidenceLines(evidence, { retry: '`cloud-sync retry`' }),
    ...runs.map((run, index) => [index === 0 ? 'Last runs' : '', runLine(run, systemClock.now())] as const),
    ['Credentials', credentialsLine(credentials, systemClock.now())],
    ['Next', nextStep(tally, runs)],
  ] as const;
  stdout.write(labelledLines(rows));
  return 0;
}

function nextStep({ originals, media, marked, lost }: Tally, runs: readonly ShownRun[]): string {
  const lastSync = runs.find(({ kind }) => kind === 'sync');
  if (lastSync?.outcome === 'expired') return 'renew the credentials with `cloud-sync login gopro`, then run `cloud-sync sync`';
  const quarantined = originals.QUARANTINED + media.QUARANTINED;
  const failed = originals.FAILED + media.FAILED;
  if (lost > 0) return '`cloud-sync list --status lost` names the lost files, `cloud-sync accept` accepts their loss';
  if (quarantined > 0) return '`cloud-sync list --status quarantined` shows the reasons, `cloud-sync retry` resets the files';
  if (failed > 0) return '`cloud-sync list --status failed` shows the reasons, `cloud-sync sync` tries the files again';
  if (marked > 0 || originals.PENDING + originals.IN_PROGRESS + media.LISTED > 0) return 'run `cloud-sync sync` to continue';
  return lastSync === undefined ? 'run `cloud-sync sync` to fill the archive' : '';
}
