import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leaseRecord } from '../../../../test/support/builders.ts';
import { encodeLease } from '../../lease-record.ts';
import { createTree, type Tree } from '../tree.ts';
import { createLeaseFile, type LeaseFile } from './lease.ts';

let root: string;
let tree: Tree;
let opened: LeaseFile[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloud-sync-lease-'));
  tree = createTree(root);
  opened = [];
  await mkdir(tree.own());
});
afterEach(async () => {
  for (const file of opened) await file.close();
  await rm(root, { recursive: true });
});

function openLease(): LeaseFile {
  const file = createLeaseFile(tree);
  opened.push(file);
  return file;
}

const files = async () => (await readdir(tree.own())).toSorted();

test('the lease file is one line of JSON with the names of the format', async () => {
  const record = leaseRecord();
  const { owner, token, fence, process: holder } = record;
  await openLease().replace(undefined, record);
  const text = await readFile(tree.own('lease'), 'utf8');
  expect(JSON.parse(text)).toEqual({
    ...holder,
    owner,
    token,
    fence,
    renewals: 0,
    term: 60_000,
    released: false,
    earlierMayRun: false,
  });
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(await files()).toEqual(['lease']);
});

test('a `LeaseFile` knows the lease that it wrote, and whether that is the lease on the disk', async () => {
  const first = openLease();
  const second = openLease();
  expect([await first.isOurs(), first.ours()]).toEqual([false, undefined]);
  const record = leaseRecord();
  await first.replace(undefined, record);
  expect([await first.isOurs(), first.ours()]).toEqual([true, record]);
  const next = leaseRecord({ fence: 2, unprovenFence: 1 });
  await second.replace(record, next);
  expect([await first.isOurs(), await second.isOurs(), second.ours()]).toEqual([false, true, next]);
});

test('an earlier version that knows no `unprovenFence` means every holder up to its own', async () => {
  const record = leaseRecord({ fence: 7 });
  await openLease().replace(undefined, record);
  const text = await readFile(tree.own('lease'), 'utf8');
  await writeFile(tree.own('lease'), text.replace('"earlierMayRun":false', '"earlierMayRun":true'));
  expect((await openLease().read()).record).toEqual({ ...record, unprovenFence: 7 });
});

test('a contender waits 2 s for the heir file of another contender, and then removes that file', async () => {
  const record = leaseRecord();
  await openLease().replace(undefined, record);
  await writeFile(tree.own(`lease-after-${record.token}`), '');
  const startedAtMs = performance.now();
  const next = leaseRecord();
  expect(await openLease().replace(record, next)).toBe(true);
  expect(performance.now() - startedAtMs).toBeGreaterThan(1_900);
  expect((await openLease().read()).record).toEqual(next);
  expect(await files()).toEqual(['lease']);
});

test('a contender that waits for an heir file gives up if the lease changes', async () => {
  const record = leaseRecord();
  const holder = openLease();
  await holder.replace(undefined, record);
  await writeFile(tree.own(`lease-after-${record.token}`), '');
  const waiting = openLease().replace(record, leaseRecord());
  await holder.replace(record, { ...record, renewals: 1 });
  expect(await waiting).toBe(false);
});

test('a contender that was stopped before its rename does not win when it continues', async () => {
  const record = leaseRecord();
  await openLease().replace(undefined, record);
  // A shell stands for a contender that has created its heir file and stops before the rename.
  const heir = tree.own(`lease-after-${record.token}`);
  await writeFile(heir, encodeLease(leaseRecord({ owner: 'the stopped contender' })));
  const stopped = spawn('/bin/sh', ['-c', 'read go; exec mv "$0" "$1"', heir, tree.own('lease')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const next = leaseRecord();
  expect(await openLease().replace(record, next)).toBe(true);
  stopped.stdin.end('go\n');
  await once(stopped, 'exit');
  expect((await openLease().read()).record).toEqual(next);
});

test('a contender whose heir file was replaced knows whether it has won', async () => {
  const record = leaseRecord();
  await openLease().replace(undefined, record);
  const heir = tree.own(`lease-after-${record.token}`);
  // A contender that was stopped may later rename an heir file that belongs to another contender.
  const theirs = leaseRecord();
  await writeFile(tree.own('other'), encodeLease(theirs));
  const slow = openLease();
  const racing = (async () => {
    while (!(await files()).some((name) => name.startsWith('lease-after-'))) await Promise.resolve();
    await unlink(heir).catch(() => {});
    await link(tree.own('other'), heir).catch(() => {});
  })();
  const won = await slow.replace(record, leaseRecord());
  await racing;
  const { record: current } = await openLease().read();
  expect(won).toBe(await slow.isOurs());
  expect(current?.token === theirs.token).toBe(!won);
});

test('an empty lease file holds no lease, and an incomplete one has an unknown holder', async () => {
  await writeFile(tree.own('lease'), '');
  expect((await openLease().read()).record).toBeUndefined();
  expect(await openLease().replace(undefined, leaseRecord())).toBe(true);
  await writeFile(tree.own('lease'), '{"owner":"pro');
  expect((await openLease().read()).record).toMatchObject({ owner: 'an unknown run', released: false });
});

test('a token that could lead out of the directory makes a record unreadable', async () => {
  await writeFile(tree.own('lease'), encodeLease(leaseRecord({ token: '../../x' })));
  const { record } = await openLease().read();
  expect(record?.owner).toBe('an unknown run');
  expect(await openLease().replace(record, leaseRecord())).toBe(true);
  expect(await files()).toEqual(['lease']);
});
