import { expect, test } from 'vitest';
import { listed, mediaOf } from '../../../test/support/listed-files.ts';
import { selectFiles } from './selection.ts';

test('words are keys, names, media and patterns, and unmatched ones are named', async () => {
  const media = await mediaOf(listed('a'), listed('b'), listed('c', { itemNumber: 2 }), listed('c'));
  const select = (...words: string[]) => {
    const { files, unmatchedWords } = selectFiles(media, { filters: undefined, words });
    return [files.map(({ medium }) => medium.id).join(''), ...unmatchedWords];
  };
  expect(select()).toEqual(['abcc']);
  expect(select('c')).toEqual(['cc']);
  expect(select('gopro-videos/2026/01/a_source_1_r1.mp4', 'B_SOURCE*', '*/2025/*')).toEqual(['ab', '*/2025/*']);
  expect(select('b_source_1_r1.mp4', 'x')).toEqual(['b', 'x']);
});
