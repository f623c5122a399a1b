import { foldKey, originalId, type Original } from '../../media.ts';
import type { MediumFields } from '../rules/medium-fields.ts';
import { newOriginal, type OriginalFields } from '../rules/original-fields.ts';

/** A row of `media`; the schema explains the columns. */
export interface MediumRow extends MediumFields {
  readonly row: number;
}

/** A row of `originals`; the schema explains the columns. */
export interface OriginalRow extends OriginalFields {
  readonly row: number;
  readonly medium: number;
  readonly identity: string;
  readonly superseded: 0 | 1;
  readonly folded_key: string;
}

/** The columns that a revision and its key decide. */
export function revisionColumns(original: Original) {
  const { revision, key } = original;
  return { id: originalId(original, revision), revision, key, folded_key: foldKey(key) } as const;
}

export type NewOriginalRow = Omit<OriginalRow, 'row'>;

/** An original that was just heard of. */
export function newOriginalRow(original: Original, medium: number, now: string): NewOriginalRow {
  return {
    ...newOriginal(original, now),
    ...revisionColumns(original),
    medium,
    identity: originalId(original, 1),
    superseded: 0,
  };
}
