import type { Clock } from '../../lib/clock.ts';
import type { Digests } from '../../lib/digest/index.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import type { Evidence } from '../../media.ts';
import { encodeClaim, provingPartBytes } from '../../proof/claim.ts';
import { createTrust, type Trust } from '../../transfer/trust.ts';
import {
  judgeFile,
  settleFile,
  suspectReason,
  type ArchivedFile,
  type Findings,
  type JudgePorts,
  type Verdict,
} from '../judge-file.ts';
import { claimOf, isDecided, type Look } from './look-at-file.ts';

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

/** Judges files, and at last those whose bytes contradict their claims. */
export async function checkFiles(
  files: Iterable<ArchivedFile>,
  ports: CheckPorts,
  { archived, deep, signal }: CheckOptions,
  found: Findings,
): Promise<void> {
  const trust = createTrust(ports.tracker);
  for (const { row } of archived) await noteProof(row, trust);
  const look: Look = { deep, digests: ports.digests, trust, signal };
  const contradicting = new Set<ArchivedFile>();
  await forEachLimited(files, concurrency, async (file) => {
    signal.throwIfAborted();
    if (await judgeFile(file, ports, look, found)) contradicting.add(file);
  });
  if (contradicting.size > 0) await judgeContradictions(contradicting, { archived, trust }, ports, found);
}

async function noteProof(row: ArchivedFile['row'], trust: Trust): Promise<void> {
  const claim = row.proof === 'proven' ? claimOf(row) : null;
  const partBytes = claim && provingPartBytes(claim, row.sizeBytes, row.claimPartBytes);
  if (claim && partBytes !== null) await trust.noteProven(row.original.account, claim, partBytes);
}

/**
 * Decides what it means that the bytes of files contradict their claims. A file is SUSPECT if its
 * claim can be trusted. Otherwise its claim decides nothing.
 */
async function judgeContradictions(
  contradicting: ReadonlySet<ArchivedFile>,
  { archived, trust }: { readonly archived: readonly ArchivedFile[]; readonly trust: Trust },
  ports: CheckPorts,
  found: Findings,
): Promise<void> {
  const wayOfFile = async ({ row }: ArchivedFile): Promise<string | undefined> => {
    const claim = claimOf(row);
    return claim ? trust.wayFor(row.original.account, claim, row.sizeBytes ?? 0) : undefined;
  };
  const isKnown = ({ row }: ArchivedFile) => row.proof === 'disputed' || isDecided(row, ports.destination);
  const known = archived.filter((file) => isKnown(file) && !contradicting.has(file));
  const ways = await Promise.all([...contradicting, ...known].map(wayOfFile));
  for (const way of ways) if (way !== undefined) trust.noteDisputed(way);
  let distrusted = 0;
  for (const [index, file] of [...contradicting].entries()) {
    const isTrusted = (await wayOfFile(file)) !== undefined;
    await settleFile(file, isTrusted ? suspicionOf(file) : undecided(file), ports, found);
    if (!isTrusted && ways[index] !== undefined && file.row.proof !== 'none') distrusted += 1;
  }
  if (distrusted > 0) ports.report({ type: 'warning', message: distrust(distrusted) });
}

/** The next `sync` compares a second copy with the claim, so the claim is kept. */
function suspicionOf({ row }: ArchivedFile): Verdict {
  const evidence: Evidence = { claim: encodeClaim(claimOf(row)), proof: 'unchecked', claimPartBytes: null };
  return { mark: 'SUSPECT', reason: suspectReason, evidence, hasReadBytes: true };
}

function undecided({ row: { claim } }: ArchivedFile): Verdict {
  return { mark: null, reason: '', evidence: { claim, proof: 'none', claimPartBytes: null }, hasReadBytes: true };
}

function distrust(files: number): string {
  const which = files === 1 ? '1 file does' : `${files.toLocaleString('en')} files do`;
  return `${which} not match what the provider says of them; so many differ in the same way that its word decides nothing for them`;
}
