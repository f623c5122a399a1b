import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { asTrackerError } from './database.ts';

test('a tracker that another process keeps locked is reported as locked, with exit code 4', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-sync-locked-'));
  const path = join(directory, 'tracker.sqlite');
  const holder = new DatabaseSync(path);
  const other = new DatabaseSync(path, { timeout: 20 });
  onTestFinished(() => {
    other.close();
    holder.close();
    rmSync(directory, { recursive: true });
  });
  holder.exec('CREATE TABLE media (id TEXT); BEGIN EXCLUSIVE');
  let thrown: unknown;
  try {
    other.exec('BEGIN IMMEDIATE');
  } catch (error) {
    thrown = asTrackerError(error, path);
  }
  expect(thrown).toMatchObject({ code: 'LOCKED', exitCode: 4, message: expect.stringContaining(path) });
});
