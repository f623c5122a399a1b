import { expect, test } from 'vitest';
import { needOf, type Held } from './missing-files.ts';

const file = { id: 'film#1', original: 'film#1', revision: 1, sizeBytes: 5, crc32: 7 };
const replacing = { replacesDamaged: true };

/** A revision in the second archive that has the content of the file. */
function heldAs(revision: number, mark: Held['mark']): Held {
  return { id: `film#${revision}`, key: `film_r${revision}.mp4`, revision, status: 'COMPLETED', mark, sizeBytes: 5, crc32: 7 };
}

test('of several lost revisions with the same content only the latest is brought back', () => {
  const held = new Map([[file.original, [heldAs(2, 'MISSING'), heldAs(1, 'MISSING')]]]);
  const need = { kind: 'known', key: 'film_r2.mp4', revision: 2, isDamaged: false, isRepair: true };
  expect(needOf(file, held, replacing)).toEqual(need);
});

test('a lost revision is no need if another one has the content', () => {
  const held = new Map([[file.original, [heldAs(1, 'MISSING'), heldAs(2, null)]]]);
  expect(needOf(file, held, replacing)).toEqual({ kind: 'none' });
});
