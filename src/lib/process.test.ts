import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { hasEnded, thisProcess } from './process.ts';

/** Paths that the system does not let this process read, and paths whose text is changed. */
const { hidden, altered, refuse } = vi.hoisted(() => {
  const paths = new Set<string>();
  const changes = new Map<string, (text: string) => string>();
  const refuseHidden = (path: unknown) => {
    if (paths.has(String(path))) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  return { hidden: paths, altered: changes, refuse: refuseHidden };
});

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const readFile = (...args: Parameters<typeof fs.readFileSync>) => {
    refuse(args[0]);
    const text = fs.readFileSync(...args);
    return altered.get(String(args[0]))?.(String(text)) ?? text;
  };
  const readlink = (path: string) => {
    refuse(path);
    const target = fs.readlinkSync(path);
    return altered.get(path)?.(target) ?? target;
  };
  return { ...fs, readFileSync: readFile, readlinkSync: readlink };
});

afterEach(() => {
  hidden.clear();
  altered.clear();
});

/** Returns the pid of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

test('a living process has not ended', () => {
  expect(thisProcess().pid).toBe(process.pid);
  expect(hasEnded(thisProcess())).toBe(false);
});

const onLinux = test.runIf(process.platform === 'linux');

onLinux('a process counts as ended if no process or a later process has its pid', async () => {
  const me = thisProcess();
  expect(me).toMatchObject({ bootId: expect.stringMatching(/^[\da-f-]{36}$/), pidNamespace: expect.stringMatching(/^pid:/) });
  expect(hasEnded({ ...me, pid: await endedPid() })).toBe(true);
  expect(hasEnded({ ...me, processStart: '1' })).toBe(true);
});

test('a process of another or unknown boot or namespace never counts as ended', async () => {
  const gone = { ...thisProcess(), pid: await endedPid() };
  for (const change of [{ bootId: 'another boot' }, { bootId: '' }, { pidNamespace: 'pid:[1]' }, { pidNamespace: '' }]) {
    expect(hasEnded({ ...gone, ...change })).toBe(false);
  }
});

onLinux('a process that /proc hides counts as ended only if no process has its pid', async () => {
  const me = thisProcess();
  hidden.add(`/proc/${process.pid}/stat`);
  expect(hasEnded(me)).toBe(false);
  expect(hasEnded({ ...me, processStart: '1' })).toBe(false);
  expect(hasEnded({ ...me, pid: await endedPid() })).toBe(true);
});

onLinux('no process counts as ended if /proc hides the boot or the namespace of this process', async () => {
  const gone = { ...thisProcess(), pid: await endedPid() };
  for (const path of ['/proc/sys/kernel/random/boot_id', '/proc/self/ns/pid']) {
    hidden.add(path);
    expect(hasEnded(gone)).toBe(false);
    expect(hasEnded({ ...gone, bootId: '', pidNamespace: '' })).toBe(false);
    hidden.clear();
  }
});

onLinux('no process counts as ended if /proc shows the pids of another namespace', async () => {
  const gone = { ...thisProcess(), pid: await endedPid() };
  const { processStart } = thisProcess();
  altered.set('/proc/self', (pid) => `${pid}0`);
  hidden.add(`/proc/${process.pid}/stat`);
  expect(thisProcess()).toMatchObject({ pidNamespace: '', processStart });
  expect(hasEnded(gone)).toBe(false);
  expect(hasEnded({ ...gone, pidNamespace: '' })).toBe(false);
});

onLinux('a killed process counts as ended before its parent collects it, but not before its last thread ends', async () => {
  // The test kills the child only after the shell has become `sleep`, because `sleep` never
  // collects a child.
  const parent = spawn('/bin/sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim() !== 'sleep') await sleep(10);
    process.kill(pid, 'SIGKILL');
    const isZombie = () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    while (!isZombie()) await sleep(10);
    const processStart = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
    expect(hasEnded({ ...thisProcess(), pid, processStart })).toBe(true);
    // The first thread is a zombie, while another thread may still wait for a disk.
    altered.set(`/proc/${pid}/stat`, (text) => text.replace(/( Z (?:\S+ ){16})1 /, '$12 '));
    expect(hasEnded({ ...thisProcess(), pid, processStart })).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
