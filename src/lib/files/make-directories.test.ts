import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDirectories } from './make-directories.ts';
import { describeSystemError } from './system-error.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-sync-directories-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a directory and its parents get the mode, also when several callers create them at once', async () => {
  const path = join(newFolder(), 'a/b/c');
  await Promise.all([path, path, join(path, 'd')].map((each) => makeDirectories(each, 0o700)));
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(path, 'd')).isDirectory()).toBe(true);
});

test('a file in the way is named as the reason', async () => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, '');
  await expect(makeDirectories(file).catch(describeSystemError)).resolves.toMatch(/^a file .* \(EEXIST\)$/);
  await expect(makeDirectories(join(file, 'a/b')).catch(describeSystemError)).resolves.toMatch(/ \(ENOTDIR\)$/);
});
