import { encodeClaim } from '../../proof/claim.ts';
import type { Trust } from '../../transfer/trust.ts';
import {
  noFindings,
  settleFile,
  suspectReason,
  type ArchivedFile,
  type Findings,
  type JudgePorts,
  type Verdict,
} from '../judge-file.ts';
import { claimOf, isDecided } from './look-at-file.ts';

/**
 * Decides what it means that the bytes of files contradict their claims. A file is SUSPECT if its
 * claim can be trusted. Otherwise its claim decides nothing.
 */
export interface Contradictions {
  /** Takes a file. Marks it at once if the proofs so far show that its claim can be trusted. */
  take(file: ArchivedFile): Promise<void>;
  /**
   * Decides about the other files after all files were read. Takes marks back if so many files
   * differ that their claims lost their trust.
   */
  settle(): Promise<void>;
}

interface Checked {
  /** All files of the archive. */
  readonly archived: readonly ArchivedFile[];
  /** The files that are read. */
  readonly files: ReadonlySet<ArchivedFile>;
  readonly trust: Trust;
}

/** What is known of the contradictions of a check. */
interface State extends Checked {
  readonly ports: JudgePorts;
  readonly found: Findings;
  /** The files that count against the way in which the provider stored them. */
  readonly counted: Set<ArchivedFile>;
  readonly undecided: Set<ArchivedFile>;
  /** What was reported about each file that was marked. */
  readonly marked: Map<ArchivedFile, Findings>;
}

export function createContradictions(checked: Checked, ports: JudgePorts, found: Findings): Contradictions {
  const state: State = { ...checked, ports, found, counted: new Set(), undecided: new Set(), marked: new Map() };
  return {
    take: async (file) => {
      // Files whose claims decided nothing before may be many, so they are counted before one is
      // marked.
      const isNew = file.row.proof !== 'none';
      if (isNew) await count(file, state);
      if (isNew && (await isTrusted(file, state))) await mark(file, state);
      else state.undecided.add(file);
    },
    settle: async () => {
      const { archived, files, undecided, counted } = state;
      const isKnown = (file: ArchivedFile) =>
        file.row.proof === 'disputed' || (isDecided(file.row, ports.destination) && !files.has(file));
      for (const file of [...undecided, ...archived.filter(isKnown)]) await count(file, state);
      let distrusted = await takeBack(state);
      for (const file of undecided) {
        if (await isTrusted(file, state)) {
          await mark(file, state);
          continue;
        }
        await settleFile(file, { ...undecidedCheck(file), reason: '' }, ports, found);
        if (counted.has(file) && file.row.proof !== 'none') distrusted += 1;
      }
      if (distrusted > 0) ports.report({ type: 'warning', ...distrust(distrusted) });
    },
  };
}

async function count(file: ArchivedFile, { counted, trust }: State): Promise<void> {
  const way = counted.has(file) ? undefined : await wayOf(file, trust);
  if (way === undefined) return;
  counted.add(file);
  trust.noteDisputed(way);
}

async function isTrusted(file: ArchivedFile, { trust }: State): Promise<boolean> {
  return (await wayOf(file, trust)) !== undefined;
}

async function mark(file: ArchivedFile, { ports, found, marked }: State): Promise<void> {
  const findings = noFindings();
  await settleFile(file, suspicionOf(file), ports, findings);
  addFindings(found, findings, 1);
  marked.set(file, findings);
}

/** Takes back the marks of files whose claims lost their trust. Returns the number of the files. */
async function takeBack(state: State): Promise<number> {
  const { marked, ports, found } = state;
  let files = 0;
  for (const [file, findings] of marked) {
    if (findings.counts.suspect === 0 || (await isTrusted(file, state))) continue;
    addFindings(found, findings, -1);
    await ports.tracker.recordCheck(file.row.id, undecidedCheck(file));
    files += 1;
  }
  return files;
}

async function wayOf({ row }: ArchivedFile, trust: Trust): Promise<string | undefined> {
  const claim = claimOf(row);
  return claim ? trust.wayFor(row.original.account, claim, row.sizeBytes ?? 0) : undefined;
}

/** The next `sync` compares a second copy with the claim, so the claim is kept. */
function suspicionOf({ row }: ArchivedFile): Verdict {
  const evidence = { claim: encodeClaim(claimOf(row)), proof: 'unchecked', claimPartBytes: null } as const;
  return { mark: 'SUSPECT', reason: suspectReason, evidence, hasReadBytes: true };
}

function undecidedCheck({ row: { claim } }: ArchivedFile) {
  return { mark: null, evidence: { claim, proof: 'none', claimPartBytes: null }, hasReadBytes: true } as const;
}

/** Adds findings about a suspect file, or takes them back. */
function addFindings(found: Findings, { counts, differences }: Findings, sign: 1 | -1): void {
  found.differences += sign * differences;
  for (const name of ['suspect', 'lost', 'superseded'] as const) found.counts[name] += sign * counts[name];
}

function distrust(files: number): { readonly message: string; readonly hint: string } {
  const which = files === 1 ? '1 file does' : `${files.toLocaleString('en')} files do`;
  const message = `${which} not match what the provider says of them; so many differ in the same way that its word decides nothing for them`;
  return { message, hint: 'None of these files is suspect, even if a line above says so.' };
}
