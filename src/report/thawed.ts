import type { Thawed } from '../events.ts';
import { count, formatBytes } from './figures.ts';
import { figureRow, type Row } from './restored.ts';

/** The table and the last sentence of `thaw`, for a person. */

export function thawRows(thawed: Thawed): readonly Row[] {
  const { dryRun, asked, bytes, usd } = thawed;
  const others = [
    figureRow('thawing', thawed.thawing, 'the store was asked for them before'),
    figureRow('readable', thawed.thawed, 'thawed already'),
    figureRow('failed', thawed.failed, 'the lines below say why'),
    figureRow(dryRun ? 'to do' : 'not asked for', thawed.pending),
    figureRow('left out', thawed.leftOut, 'not selected'),
  ];
  const done = figureRow('asked for', asked, `${formatBytes(bytes)}, about ${usd.toFixed(2)} USD`);
  return [...(asked > 0 ? [done] : []), ...others.filter(([, number]) => number !== '0')];
}

/** Says in a sentence how a thaw ended and what to do next. */
export function thawVerdict({ dryRun, asked, thawing, thawed, failed, pending, hours }: Thawed, took: string): string {
  if (failed > 0) return `Some files cannot be thawed (${took}).`;
  if (dryRun || (pending > 0 && asked === 0)) return `Nothing was asked for (${took}).`;
  const next = '`cloud-sync restore --wait` fetches each as it comes';
  if (asked > 0) return `The store thaws the files within ${count(hours, 'hour')} (${took}); ${next}.`;
  if (thawing > 0) return `The store thaws the files already (${took}); ${next}.`;
  return thawed > 0 ? `All files can be read now (${took}).` : `No file has to be thawed (${took}).`;
}
