import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { describeOwner, isDead, thisOwner } from './owner.ts';

test('a living process is not dead, also seen as text', async () => {
  expect(await isDead(thisOwner('run'))).toBe(false);
  expect(describeOwner(thisOwner('run'))).toContain(`process ${process.pid} on `);
});

test('an ended process, a reused pid and an earlier boot are dead', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  const me = JSON.parse(thisOwner('run')) as Record<string, unknown>;
  expect(await isDead(JSON.stringify({ ...me, pid: child.pid }))).toBe(true);
  expect(await isDead(JSON.stringify({ ...me, processStart: '1' }))).toBe(true);
  expect(await isDead(JSON.stringify({ ...me, bootId: 'another boot' }))).toBe(true);
});

test('what cannot be judged from here counts as alive', async () => {
  const me = JSON.parse(thisOwner('run')) as Record<string, unknown>;
  expect(await isDead(JSON.stringify({ ...me, host: 'elsewhere', pid: 1 }))).toBe(false);
  expect(await isDead('not JSON')).toBe(false);
});
