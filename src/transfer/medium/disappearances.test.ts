import { expect, test } from 'vitest';
import { createDisappearances } from './disappearances.ts';

function createRecord() {
  const recorded: number[] = [];
  return { recorded, record: (id: number) => async () => void recorded.push(id) };
}

test('if only a few media are gone, they are recorded at the end', async () => {
  const { recorded, record } = createRecord();
  const disappearances = createDisappearances();
  await disappearances.suspect(record(1));
  await disappearances.suspect(record(2));
  expect(recorded).toEqual([]);
  await disappearances.settle('gone');
  expect(recorded).toEqual([1, 2]);
});

test('missing media are recorded when the first medium is found, and later ones immediately', async () => {
  const { recorded, record } = createRecord();
  const disappearances = createDisappearances();
  await disappearances.suspect(record(1));
  await disappearances.found();
  for (let id = 2; id < 10; id += 1) await disappearances.suspect(record(id));
  expect(recorded).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('an API that finds no medium at all counts as changed, and no medium is recorded as gone', async () => {
  const { recorded, record } = createRecord();
  const disappearances = createDisappearances();
  for (let id = 1; id < 5; id += 1) await disappearances.suspect(record(id));
  await expect(disappearances.suspect(record(5))).rejects.toMatchObject({ code: 'PROVIDER_CHANGED' });
  expect(recorded).toEqual([]);
});
