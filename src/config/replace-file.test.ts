import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeFile, replaceFile } from './replace-file.ts';

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-sync-replace-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

function writeAged(path: string, minutes: number): void {
  writeFileSync(path, 'secret');
  const seconds = Date.now() / 1000 - minutes * 60;
  utimesSync(path, seconds, seconds);
}

test('a temporary file is removed when it is an hour old, whatever pid its name has', () => {
  const directory = newDirectory();
  const path = join(directory, 'settings.json');
  // Another container may have a process with the pid of this one, or lack the pid of a writer.
  const fresh = [`settings.json.${process.pid}.new`, 'settings.json.999999999.new', 'settings.json.0123abcd.new'];
  for (const name of fresh) writeAged(join(directory, name), 50);
  for (const name of ['settings.json.1.new', 'settings.json.beef.new']) writeAged(join(directory, name), 70);
  writeAged(join(directory, 'settings.json.new'), 70);
  writeAged(join(directory, 'other.json.1.new'), 70);
  replaceFile(path, 'content');
  const kept = [...fresh, 'settings.json.new', 'other.json.1.new'];
  expect(readdirSync(directory).toSorted()).toEqual([...kept, 'settings.json'].toSorted());
  expect(readFileSync(path, 'utf8')).toBe('content');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeAged(join(directory, fresh[0]!), 70);
  removeFile(path);
  expect(readdirSync(directory).toSorted()).toEqual(kept.slice(1).toSorted());
});
