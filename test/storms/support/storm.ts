/** One storm: two processes of the command line are killed, stopped and continued at random. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CliRun, RunningCli } from '../../support/cli.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { Figures } from './figures.ts';
import type { StormScene } from './scene.ts';

/** One of the two processes of a storm. A process that has ended is started again. */
interface Slot {
  readonly home: string;
  running: RunningCli | undefined;
  isStopped: boolean;
}

export interface StormOptions {
  readonly strikes: number;
  readonly random: () => number;
  readonly figures: Figures;
}

/**
 * Kills, stops and continues both processes, then lets both end. Returns all runs, also those that
 * were killed. Rejects if a run does not end in time.
 */
export async function storm(scene: StormScene, { strikes, random, figures }: StormOptions): Promise<readonly CliRun[]> {
  const slots: Slot[] = scene.homes.map((home) => ({ home, running: undefined, isStopped: false }));
  const endings: Promise<CliRun>[] = [];
  scene.disturb(random);
  try {
    for (let strike = 0; strike < strikes; strike += 1) {
      for (const slot of slots.filter(({ running }) => !running)) {
        const ending = start(scene, slot);
        ending.catch(() => {}); // `Promise.all` reports the error
        endings.push(ending);
      }
      const sleeper = slots.find(({ isStopped }) => isStopped);
      if (sleeper && random() < 0.6) {
        await sleepLong(scene, slots);
        signal(sleeper, 'SIGCONT', figures);
      } else if (scene.nextStored && random() < 0.35) {
        await scene.nextStored();
        for (const slot of slots) if (!slot.isStopped) signal(slot, 'SIGKILL', figures);
      } else {
        await pause(scene, slots, random);
        hit(slots, random, figures);
      }
      scene.disturb(random);
    }
    for (const slot of slots) if (slot.isStopped) signal(slot, 'SIGCONT', figures);
    return await Promise.all(endings);
  } finally {
    for (const { running } of slots) running?.kill('SIGKILL');
  }
}

async function start(scene: StormScene, slot: Slot): Promise<CliRun> {
  const running = scene.start(slot.home, 'sync', '--concurrency', '3');
  slot.running = running;
  slot.isStopped = false;
  try {
    return await running.ended;
  } finally {
    if (slot.running === running) slot.running = undefined;
  }
}

/**
 * Waits for a random time, in most cases after a run has begun to move files. While a process is
 * stopped, the time may be longer than the term of the lease.
 */
async function pause({ termMs }: StormScene, slots: readonly Slot[], random: () => number): Promise<void> {
  if (random() < 0.8) {
    const isBusy = ({ running, isStopped }: Slot) => isStopped || running?.stdout().includes('"file.started"');
    const hasEnded = () => slots.some(({ running }) => !running);
    await waitUntil('the beginning of a run', () => hasEnded() || slots.some(isBusy), 60_000);
  }
  const isOneStopped = slots.some(({ isStopped }) => isStopped);
  const maxMs = isOneStopped && random() < 0.7 ? 2.5 * termMs : 1_500;
  await delay(random() * maxMs);
}

/**
 * Ends the disturbances, and waits until the other run has ended, as if the machine of the stopped
 * run slept for hours.
 */
async function sleepLong(scene: StormScene, slots: readonly Slot[]): Promise<void> {
  scene.calm();
  await waitUntil('the end of the other run', () => slots.every(({ running, isStopped }) => !running || isStopped), 90_000);
}

/** Kills, stops or continues one of the processes that run. */
function hit(slots: readonly Slot[], random: () => number, figures: Figures): void {
  const running = slots.filter((slot) => slot.running);
  const slot = running[Math.floor(random() * running.length)];
  const choice = random();
  if (slot?.isStopped) signal(slot, choice < 0.6 ? 'SIGCONT' : 'SIGKILL', figures);
  else if (slot) signal(slot, choice < 0.55 ? 'SIGSTOP' : 'SIGKILL', figures);
}

function signal(slot: Slot, name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL', figures: Figures): void {
  if (!slot.running) return;
  slot.running.kill(name);
  slot.isStopped = name === 'SIGSTOP';
  figures[name] += 1;
}
