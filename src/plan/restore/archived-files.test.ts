import { expect, test } from 'vitest';
import { filesOf, listed, mediaOf } from '../../../test/support/listed-files.ts';
import { countLacking, replacementsOf } from './archived-files.ts';

test('a medium lacks the originals that its descriptions count and nobody describes', async () => {
  const [complete, lacking] = await mediaOf(
    listed('a', { originals: 1 }),
    listed('a', { originals: 1, revision: 2 }),
    listed('b', { originals: 3 }),
    listed('b', { originals: 3, itemNumber: 2 }),
  );
  expect([countLacking(complete!), countLacking(lacking!)]).toEqual([0, 1]);
});

test('only a later revision with the same content at the source replaces a file', async () => {
  const files = [1, 2, 3].map((revision) => {
    const file = listed('a', { revision });
    const etag = revision === 2 ? '"other"' : '"same"';
    return { ...file, description: { ...file.description!, validator: { etag, lastModified: null } } };
  });
  const [first, second] = await filesOf(...files);
  expect(replacementsOf(first!).map(({ revision }) => revision)).toEqual([3]);
  expect(replacementsOf(second!)).toEqual([]);
});
