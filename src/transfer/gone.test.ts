import { expect, test } from 'vitest';
import { createGoneMedia } from './gone.ts';

function recorder() {
  const believed: number[] = [];
  return { believed, believe: (id: number) => async () => void believed.push(id) };
}

test('a few media that are gone are believed at the end', async () => {
  const { believed, believe } = recorder();
  const media = createGoneMedia();
  await media.gone(believe(1));
  await media.gone(believe(2));
  expect(believed).toEqual([]);
  await media.settle();
  expect(believed).toEqual([1, 2]);
});

test('once one was found, each is believed at once', async () => {
  const { believed, believe } = recorder();
  const media = createGoneMedia();
  await media.gone(believe(1));
  await media.found();
  for (let id = 2; id < 10; id += 1) await media.gone(believe(id));
  expect(believed).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('an API that finds nothing at all has changed, and nothing is recorded', async () => {
  const { believed, believe } = recorder();
  const media = createGoneMedia();
  for (let id = 1; id < 5; id += 1) await media.gone(believe(id));
  await expect(media.gone(believe(5))).rejects.toMatchObject({ code: 'PROVIDER_CHANGED' });
  expect(believed).toEqual([]);
});
