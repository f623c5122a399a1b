import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeOwner, isDead, thisOwner } from './owner.ts';

test('a running process does not count as dead, and its description contains its pid', async () => {
  expect(await isDead(thisOwner('run'))).toBe(false);
  expect(describeOwner(thisOwner('run'))).toContain(`process ${process.pid} on `);
});

test('an ended process, a reused pid and a process of an earlier boot are dead', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  const me = JSON.parse(thisOwner('run')) as Record<string, unknown>;
  expect(await isDead(JSON.stringify({ ...me, pid: child.pid }))).toBe(true);
  expect(await isDead(JSON.stringify({ ...me, processStart: '1' }))).toBe(true);
  expect(await isDead(JSON.stringify({ ...me, bootId: 'another boot' }))).toBe(true);
});

test.runIf(process.platform === 'linux')('a killed process is dead even if its parent has not collected it yet', async () => {
  // A shell collects its dead children, but `sleep` never does. So the test kills the child only
  // after the shell has become `sleep`.
  const parent = spawn('/bin/sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim() !== 'sleep') await sleep(10);
    process.kill(pid, 'SIGKILL');
    const isZombie = () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    while (!isZombie()) await sleep(10);
    const processStart = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    const me = JSON.parse(thisOwner('run')) as Record<string, unknown>;
    expect(await isDead(JSON.stringify({ ...me, pid, processStart }))).toBe(true);
  } finally {
    parent.kill('SIGKILL');
  }
});

test('an owner that cannot be checked counts as alive', async () => {
  const me = JSON.parse(thisOwner('run')) as Record<string, unknown>;
  expect(await isDead(JSON.stringify({ ...me, host: 'elsewhere', pid: 1 }))).toBe(false);
  expect(await isDead('not JSON')).toBe(false);
});
