import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { thisOwner } from '../../../lib/owner.ts';
import { takeLease, type Lease } from './lease.ts';
import { createTree, type Tree } from '../tree.ts';

let root: string;
let tree: Tree;
let aheadMs: number;
const clock = { ...systemClock, now: () => Date.now() + aheadMs };
const minuteMs = 60_000;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloud-sync-lease-'));
  tree = createTree(root);
  await mkdir(tree.own());
  aheadMs = 0;
});
afterEach(async () => rm(root, { recursive: true }));

const elsewhere = JSON.stringify({ host: 'another-machine', bootId: 'b', pid: 4711, processStart: '1', runId: 'r' });

/** Returns the owner text of a process that ran on this machine and has ended. */
async function deadOwner(): Promise<string> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return JSON.stringify({ ...JSON.parse(thisOwner('dead')), pid: child.pid, processStart: '1' });
}

test('a lease names its holder, and is free after the holder released it', async () => {
  const lease = await takeLease(tree, elsewhere, clock, minuteMs);
  await expect(takeLease(tree, thisOwner('mine'), clock, minuteMs)).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining('process 4711 on another-machine'),
  });
  await lease[Symbol.asyncDispose]();
  await using next = await takeLease(tree, thisOwner('mine'), clock, minuteMs);
  await next.assertHeld();
  expect(await readdir(tree.own(), { recursive: true })).toEqual(['lease', 'partial']);
});

test('exactly one of many contenders takes over the lease of a dead process before the lease expires', async () => {
  const dead = await takeLease(tree, await deadOwner(), clock, minuteMs);
  for (let round = 0; round < 20; round += 1) {
    const owners = Array.from({ length: 12 }, (_, index) => thisOwner(`contender ${index}`));
    const results = await Promise.allSettled(owners.map(async (owner) => takeLease(tree, owner, clock, minuteMs)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LOCKED' });
    await winners[0]?.assertHeld();
    expect(await readdir(tree.own(), { recursive: true })).toEqual(['lease', 'partial']);
    // Makes the dead process the holder again for the next round.
    const record = JSON.parse(await readFile(tree.own('lease'), 'utf8')) as object;
    await writeFile(tree.own('lease'), JSON.stringify({ ...record, owner: await deadOwner() }));
    await winners[0]?.[Symbol.asyncDispose]();
    await writeFile(tree.own('lease'), JSON.stringify({ ...record, owner: await deadOwner() }));
  }
  await dead[Symbol.asyncDispose]();
});

test('the lease of another machine is taken over only after the lease has expired', async () => {
  const theirs = await takeLease(tree, elsewhere, clock, minuteMs);
  aheadMs += minuteMs - 5_000;
  await expect(takeLease(tree, thisOwner('mine'), clock, minuteMs)).rejects.toMatchObject({ code: 'LOCKED' });
  aheadMs += 5_001;
  await using ours = await takeLease(tree, thisOwner('mine'), clock, minuteMs);
  await ours.assertHeld();
  await expect(theirs.assertHeld()).rejects.toMatchObject({ code: 'LOCKED' });
  await theirs[Symbol.asyncDispose]();
  await ours.assertHeld();
  expect(await readFile(tree.own('lease'), 'utf8')).toContain('mine');
});

test('a lease is renewed as long as its holder lives', async () => {
  await using lease = await takeLease(tree, elsewhere, clock, 300);
  await delay(700);
  await expect(takeLease(tree, thisOwner('mine'), clock, 300)).rejects.toMatchObject({ code: 'LOCKED' });
  await lease.assertHeld();
});

test('a lease survives a pause of its holder, unless another run takes the lease during the pause', async () => {
  const lease = await takeLease(tree, elsewhere, clock, minuteMs);
  aheadMs += 10 * minuteMs;
  await lease.assertHeld();
  await expect(takeLease(tree, thisOwner('mine'), clock, minuteMs)).rejects.toMatchObject({ code: 'LOCKED' });
  await rm(tree.own('lease'));
  aheadMs += minuteMs;
  await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'LOCKED' });
  await lease[Symbol.asyncDispose]();
});

test('an unreadable lease file counts as held until the file is old', async () => {
  await writeFile(tree.own('lease'), '{"owner":');
  await expect(takeLease(tree, thisOwner('mine'), clock, minuteMs)).rejects.toMatchObject({ code: 'LOCKED' });
  aheadMs += minuteMs + 1000;
  const lease: Lease = await takeLease(tree, thisOwner('mine'), clock, minuteMs);
  await lease.assertHeld();
  await lease[Symbol.asyncDispose]();
});

test('a dead contender does not prevent others from taking the lease', async () => {
  const dead = await deadOwner();
  const abandoned = await takeLease(tree, dead, clock, minuteMs);
  const { token } = JSON.parse(await readFile(tree.own('lease'), 'utf8')) as { token: string };
  const heir = { owner: dead, token: crypto.randomUUID(), expiresAt: new Date(Date.now() + minuteMs).toISOString() };
  await writeFile(tree.own(`lease-after-${token}`), JSON.stringify(heir));
  await using lease = await takeLease(tree, thisOwner('mine'), clock, minuteMs);
  await lease.assertHeld();
  await abandoned[Symbol.asyncDispose]();
});
