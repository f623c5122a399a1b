import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/cli-process.ts';
import { whileLocked } from './while-locked.ts';

const library = new URL('while-locked.ts', import.meta.url).href;

/** Starts a process that keeps the lock for a time. Returns when it has the lock. */
async function startHolder(path: string, heldMs: number) {
  const script = `
    const { whileLocked } = await import(${JSON.stringify(library)});
    whileLocked(${JSON.stringify(path)}, () => {
      process.stdout.write('locked');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${heldMs});
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('an action waits until the action of another process has ended', async () => {
  const path = join(temporaryDirectory(), 'lock');
  const holder = await startHolder(path, 400);
  const startedMs = performance.now();
  expect(whileLocked(path, () => 'result')).toBe('result');
  expect(performance.now() - startedMs).toBeGreaterThan(200);
  await once(holder, 'exit');
});

test('the lock of a killed process is free immediately', async () => {
  const path = join(temporaryDirectory(), 'lock');
  const holder = await startHolder(path, 60_000);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const startedMs = performance.now();
  expect(whileLocked(path, () => 'result')).toBe('result');
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test('an action that fails releases the lock', () => {
  const path = join(temporaryDirectory(), 'lock');
  expect(() => whileLocked(path, () => JSON.parse('{'))).toThrow(SyntaxError);
  expect(whileLocked(path, () => 'result')).toBe('result');
});
