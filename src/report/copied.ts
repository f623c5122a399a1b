import type { Copied } from '../events.ts';
import { formatBytes } from './figures.ts';
import { cloudChecksum } from './problems.ts';
import { figureRow, type Row } from './restored.ts';

/** The table and the last sentence of `copy`, for a person. */

export function copyRows(copied: Copied): readonly Row[] {
  const { dryRun, bytes, files } = copied;
  const done = figureRow('copied', files, formatBytes(bytes));
  const proven = figureRow(
    'proven',
    copied.proven,
    `of ${files.toLocaleString('en')}: their bytes are those that matched ${cloudChecksum}`,
  );
  const first = dryRun ? [] : files === 0 ? [done] : [done, proven];
  const others = [
    dryRun ? figureRow('to do', copied.pending) : figureRow('not reached', copied.pending, 'the next run copies them'),
    figureRow('failed', copied.failed, 'the lines below say why'),
    figureRow('missing', copied.missing, 'the first archive lacks them, although it describes others of the same video or photo'),
    figureRow('superseded', copied.superseded, 'damaged in the first archive, and replaced by a later revision; nothing to do'),
    figureRow('repaired', copied.repaired, 'they were missing or damaged in the second archive'),
    figureRow('renamed', copied.renamed, 'the second archive has other files under their names'),
    figureRow('unknown', copied.unknown, 'the first archive does not describe them, so they were left alone'),
    figureRow('left out', copied.leftOut, 'not selected'),
  ];
  return [...first, figureRow('already there', copied.skipped), ...others.filter(([, number]) => number !== '0')];
}

/** Says in a sentence how a copy ended and what to do next. */
export function copyVerdict(copied: Copied, isClean: boolean, took: string): string {
  const { dryRun, files, skipped, failed, missing, leftOut, pending } = copied;
  if (!isClean) {
    const flaw = missing > 0 ? 'The first archive lacks some files' : 'The first archive does not describe some of its files';
    const rest = dryRun ? 'can be copied' : 'is copied';
    return `${failed > 0 ? 'Some files cannot be copied' : flaw} (${took}). Everything else ${rest}.`;
  }
  if (dryRun) return `Nothing was copied (${took}).`;
  if (files + skipped + pending === 0) {
    return `Nothing was copied, because ${leftOut > 0 ? 'nothing was selected' : 'the archive is empty'} (${took}).`;
  }
  return `Everything ${leftOut > 0 ? 'that was selected ' : ''}is in the second archive too, and verified (${took}).`;
}
