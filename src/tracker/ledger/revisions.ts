import type { OriginalRecord } from './fields.ts';
import { identityOf } from './records.ts';

/** What later revisions of an original mean for the earlier ones. */
export interface Revised {
  /** A later revision exists. */
  readonly isSuperseded: boolean;
  /** It has a mark that counts: a later revision excuses a damaged file, never a missing one. */
  readonly isMarked: boolean;
}

export function withRevisions<Original extends Pick<OriginalRecord, 'id' | 'revision' | 'status' | 'mark'>>(
  originals: readonly Original[],
): readonly (Original & Revised)[] {
  const revisions = originals.some(({ revision }) => revision > 1) ? Map.groupBy(originals, identityOf) : undefined;
  return originals.map((original) => {
    const all = revisions?.get(identityOf(original)) ?? [];
    const later = all.filter(({ revision }) => revision > original.revision);
    const isExcused = original.mark === 'DAMAGED' && later.some(({ status }) => status === 'COMPLETED');
    return { ...original, isSuperseded: later.length > 0, isMarked: original.mark !== null && !isExcused };
  });
}
