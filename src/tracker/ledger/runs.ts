import type { Tracker } from '../tracker.ts';
import { releaseLeft, renewClaim } from './originals.ts';
import { quarantineLongWaiting } from './listing.ts';
import type { Lease, Store } from './store.ts';

/** Runs and leases. */

const runsKept = 1000;

type LeaseAnswer = Awaited<ReturnType<Tracker['acquireRunLease']>>;

/** Takes the lease if it is free, expired, ours, or held by `dead`. */
export function takenLease(
  lease: Lease | undefined,
  { owner, ttlMs, dead }: { readonly owner: string; readonly ttlMs: number; readonly dead: string | undefined },
  nowMs: number,
): { readonly lease: Lease; readonly answer: LeaseAnswer } {
  const isHeld = lease && lease.owner !== owner && lease.owner !== dead && lease.untilMs > nowMs;
  if (isHeld) return { lease, answer: { granted: false, holder: lease.owner } };
  return { lease: { owner, untilMs: nowMs + ttlMs }, answer: { granted: true } };
}

/**
 * Takes the run lease, unless a process that still runs holds it. If the holder changes during a
 * check, the new holder is checked too.
 */
export async function acquireRunLease(
  store: Store,
  owner: string,
  ttlMs: number,
  isDead: (holder: string) => Promise<boolean>,
): Promise<LeaseAnswer> {
  for (let dead: string | undefined; ;) {
    const request = { owner, ttlMs, dead };
    const answer = await store.changeLease((lease) => takenLease(lease, request, store.clock.now()));
    if (answer.granted || !(await isDead(answer.holder))) return answer;
    dead = answer.holder;
  }
}

export async function renewRunLease(store: Store, owner: string, ttlMs: number): Promise<boolean> {
  return store.changeLease((lease) => {
    const isOurs = lease?.owner === owner;
    return { lease: isOurs ? { owner, untilMs: store.clock.now() + ttlMs } : lease, answer: isOurs };
  });
}

export async function releaseRunLease(store: Store, owner: string): Promise<void> {
  await store.changeLease((lease) => ({ lease: lease?.owner === owner ? undefined : lease, answer: undefined }));
}

/**
 * Only one run holds the run lease, so nobody still works on originals that earlier runs left
 * IN_PROGRESS.
 */
export async function beginRun(store: Store, runId: string): Promise<void> {
  await store.addRun(runId, runsKept);
  await store.changeEach(await claimedIds(store), releaseLeft);
  await quarantineLongWaiting(store);
}

export async function renewClaims(store: Store, owner: string, leaseMs: number): Promise<void> {
  await store.changeEach(await claimedIds(store), (unit, id) => renewClaim(unit, id, owner, leaseMs));
}

async function claimedIds(store: Store): Promise<readonly string[]> {
  return (await store.inStatus('IN_PROGRESS')).map(({ id }) => id);
}
