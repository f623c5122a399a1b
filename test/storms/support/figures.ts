import type { CliRun } from '../../support/cli.ts';

/** What the storms at one kind of place did. */
export interface Figures {
  rounds: number;
  SIGKILL: number;
  SIGSTOP: number;
  SIGCONT: number;
  /** Runs that waited for a silent holder, and then took its lease. */
  takeovers: number;
  /** Runs that ended because another run took their lease. */
  lost: number;
  /** Runs that ended because another run held the lease. */
  locked: number;
  seconds: number;
}

export function newFigures(): Figures {
  return { rounds: 0, SIGKILL: 0, SIGSTOP: 0, SIGCONT: 0, takeovers: 0, lost: 0, locked: 0, seconds: 0 };
}

/** Counts how the runs of a storm met each other. */
export function countMeetings(figures: Figures, runs: readonly CliRun[]): void {
  for (const { events } of runs) {
    const last = events.at(-1);
    const code = last?.type === 'run.finished' ? last.error?.code : undefined;
    const hasWaited = events.some((event) => event.type === 'warning' && event.message.includes('has the lease of this archive'));
    if (hasWaited && code !== 'LOCKED') figures.takeovers += 1;
    if (code === 'LEASE_LOST') figures.lost += 1;
    if (code === 'LOCKED') figures.locked += 1;
  }
}

/** The storms ran at the same time, so the seconds are those of the longest one. */
export function sumFigures(all: readonly Figures[]): Figures {
  const sum = newFigures();
  for (const figures of all) for (const name of Object.keys(sum) as (keyof Figures)[]) sum[name] += figures[name];
  return { ...sum, seconds: Math.max(0, ...all.map(({ seconds }) => seconds)) };
}

export function describeFigures(kind: string, figures: Figures): string {
  const { rounds, SIGKILL, SIGSTOP, SIGCONT, takeovers, lost, locked, seconds } = figures;
  const strikes = `${SIGKILL} kills, ${SIGSTOP} stops, ${SIGCONT} continues`;
  const meetings = `${takeovers} takeovers, ${lost} leases lost, ${locked} runs locked out`;
  return `${kind}: ${rounds} rounds, ${strikes}, ${meetings}, ${Math.round(seconds)} s`;
}
