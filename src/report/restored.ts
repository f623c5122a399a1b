import type { Restored } from '../events.ts';
import { formatBytes } from './figures.ts';
import { cloudChecksum } from './problems.ts';

/** The table and the last sentence of `restore`, for a person. */

export type Row = readonly [label: string, figure: string, note: string];

export function restoreRows(restored: Restored): readonly Row[] {
  const { dryRun, bytes, files } = restored;
  const done = figureRow('restored', files, formatBytes(bytes));
  const proven = figureRow('proven', restored.proven, `of ${files.toLocaleString('en')} match ${cloudChecksum}`);
  const first = dryRun ? [] : files === 0 ? [done] : [done, proven];
  const others = [
    dryRun ? figureRow('to do', restored.pending) : figureRow('not reached', restored.pending, 'the next run restores them'),
    figureRow('failed', restored.failed, 'the lines below say why'),
    figureRow('missing', restored.missing, 'the archive lacks them, although it describes others of the same video or photo'),
    figureRow('superseded', restored.superseded, 'damaged in the archive, and replaced by a later revision; nothing to do'),
    figureRow('not matching', restored.mismatched, `restored as the archive has them, but they do not match ${cloudChecksum}`),
    figureRow('renamed', restored.renamed, 'their names were not possible in this directory, or were taken'),
    figureRow('not compared', restored.uncompared, 'restored, but the archive has no checksum of them'),
    figureRow('unknown', restored.unknown, 'the archive does not describe them, so they were left alone'),
    figureRow('left out', restored.leftOut, 'not selected'),
  ];
  return [...first, figureRow('already there', restored.skipped), ...others.filter(([, number]) => number !== '0')];
}

/** A row whose figure is a number of files. */
export function figureRow(label: string, number: number, note = ''): Row {
  return [label, number.toLocaleString('en'), note];
}

/** Says in a sentence how a restore ended and what to do next. */
export function restoreVerdict(restored: Restored, isClean: boolean, took: string): string {
  const { dryRun, files, skipped, failed, leftOut, pending } = restored;
  if (!isClean) {
    const rest = dryRun ? 'can be restored' : 'is restored';
    return `${failed > 0 ? 'Some files cannot be restored' : flawOf(restored)} (${took}). Everything else ${rest}.`;
  }
  if (dryRun) return `Nothing was restored (${took}).`;
  if (files + skipped + pending === 0) {
    return `Nothing was restored, because ${leftOut > 0 ? 'nothing was selected' : 'the archive is empty'} (${took}).`;
  }
  return `Everything ${leftOut > 0 ? 'that was selected ' : ''}is restored and verified (${took}).`;
}

function flawOf({ missing, mismatched }: Restored): string {
  if (missing > 0) return 'The archive lacks some files';
  return mismatched > 0 ? `Some restored files do not match ${cloudChecksum}` : 'The archive does not describe some of its files';
}
