import type { Mark, Validator } from '../../media.ts';
import { originalOf } from './known.ts';
import { repaired } from './original.ts';
import type { Unit } from './store.ts';

/** Commands for what a later look at an archived file finds. */

/** Only an archived file can be missing or damaged; no change for any other. */
export function setMark(unit: Unit, id: string, mark: Mark | null): void {
  const original = originalOf(unit, id);
  if (original.status === 'COMPLETED') unit.saveOriginal({ ...original, mark });
}

export function repair(unit: Unit, id: string): void {
  unit.saveOriginal(repaired(originalOf(unit, id), unit.now));
}

export function setValidator(unit: Unit, id: string, { etag, lastModified }: Validator): void {
  unit.saveOriginal({ ...originalOf(unit, id), etag, lastModified });
}
