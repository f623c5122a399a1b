import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeFile, replaceFile } from './replace-file.ts';

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-sync-replace-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('the temporary files of killed processes are removed before the file is replaced, and with the file', () => {
  const directory = newDirectory();
  const path = join(directory, 'settings.json');
  const others = ['settings.json.new', 'other.json.1.new'];
  const leftovers = ['settings.json.1.new', 'settings.json.0123abcd.new'];
  for (const name of [...others, ...leftovers]) writeFileSync(join(directory, name), 'secret');
  replaceFile(path, () => 'content');
  expect(readdirSync(directory).toSorted()).toEqual([...others, 'settings.json', 'settings.json.lock'].toSorted());
  expect(readFileSync(path, 'utf8')).toBe('content');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(join(directory, leftovers[0]!), 'secret');
  removeFile(path);
  expect(readdirSync(directory).toSorted()).toEqual([...others, 'settings.json.lock'].toSorted());
});
