import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from './journal.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloud-sync-journal-'));
  path = join(directory, 'journal');
});
afterEach(async () => rm(directory, { recursive: true }));

test('simultaneous appends write whole lines, and each caller gets the offset of its own line', async () => {
  const journal = new Journal(path, 'end');
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ${'x'.repeat(index)}`);
  const offsets = await Promise.all(lines.map(async (line) => journal.append(line)));
  await journal.close();
  const text = await readFile(path, 'utf8');
  expect(text.split('\n')).toHaveLength(501);
  for (const [index, line] of lines.entries()) expect(text.startsWith(`${line}\n`, offsets[index])).toBe(true);
});

test('a line that a crash cut off gets a line end before the next line is written', async () => {
  await writeFile(path, 'whole\ncut o');
  const journal = new Journal(path, 'end');
  expect(await journal.append('next')).toBe('whole\ncut o\n'.length);
  await journal.close();
  expect(await readFile(path, 'utf8')).toBe('whole\ncut o\nnext\n');
});

test('a journal with `drop` removes a cut line of any length', async () => {
  await writeFile(path, `whole\n${'x'.repeat(10_000)}`);
  const journal = new Journal(path, 'drop');
  await journal.append('next');
  await journal.close();
  expect(await readFile(path, 'utf8')).toBe('whole\nnext\n');
});

test('a failed write rejects every caller, and the journal works again when the cause is gone', async () => {
  const journal = new Journal(join(directory, 'missing', 'journal'), 'end');
  const results = await Promise.allSettled([journal.append('a'), journal.append('b')]);
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  await mkdir(join(directory, 'missing'));
  expect(await journal.append('c')).toBe(0);
  await journal.close();
});
