import type { Clock } from '../../lib/clock.ts';
import type { Digests } from '../../lib/digest/index.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import { provingPartBytes } from '../../proof/claim.ts';
import { createTrust, type Trust } from '../../transfer/trust.ts';
import { judgeFile, type ArchivedFile, type Findings, type JudgePorts } from '../judge-file.ts';
import { createContradictions } from './contradictions.ts';
import { claimOf, type Look } from './look-at-file.ts';

export interface CheckPorts extends JudgePorts {
  readonly clock: Clock;
  /** Undefined if no file is compared with its claim. */
  readonly digests: Digests | undefined;
}

/**
 * How many files are read at once. Four reads hide the latency of a store and do not overload a
 * disk.
 */
const concurrency = 4;

export interface CheckOptions {
  /** All files of the archive. They show which claims can be trusted. */
  readonly archived: readonly ArchivedFile[];
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/** Judges files, and decides about those whose bytes contradict their claims. */
export async function checkFiles(
  checked: Iterable<ArchivedFile>,
  ports: CheckPorts,
  { archived, deep, signal }: CheckOptions,
  found: Findings,
): Promise<void> {
  const trust = createTrust(ports.tracker);
  for (const { row } of archived) await noteProof(row, trust);
  const look: Look = { deep, digests: ports.digests, trust, signal };
  const files = new Set(checked);
  const contradictions = createContradictions({ archived, files, trust }, ports, found);
  await forEachLimited(files, concurrency, async (file) => {
    signal.throwIfAborted();
    if (await judgeFile(file, ports, look, found)) await contradictions.take(file);
  });
  await contradictions.settle();
}

async function noteProof(row: ArchivedFile['row'], trust: Trust): Promise<void> {
  const claim = row.proof === 'proven' ? claimOf(row) : null;
  const partBytes = claim && provingPartBytes(claim, row.sizeBytes, row.claimPartBytes);
  if (claim && partBytes !== null) await trust.noteProven(row.original.account, claim, partBytes);
}
