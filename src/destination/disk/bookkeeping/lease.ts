import { randomUUID } from 'node:crypto';
import { readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { describeOwner, isDead } from '../../../lib/owner.ts';
import { createWhole } from '../drafts.ts';
import { ignoring } from '../files.ts';
import { storeError } from '../store-error.ts';
import type { Tree } from '../tree.ts';

/** Every lease has a new `token`, so that no two leases are equal. */
const recordSchema = z.object({ owner: z.string(), token: z.uuid(), expiresAt: z.iso.datetime() });
type LeaseRecord = z.infer<typeof recordSchema>;

export interface Lease extends AsyncDisposable {
  /**
   * Throws LOCKED if another run has taken the lease. Reads the lease file only if a renewal is
   * overdue.
   */
  assertHeld(): Promise<void>;
}

/**
 * Takes `.cloud-sync/lease` for `owner`. A dead holder on this machine is replaced at once. Any
 * other holder is replaced when its lease has expired. Exactly one of several contenders wins.
 *
 * A contender takes a free lease by creating the lease file exclusively. A contender takes an
 * abandoned lease in two steps. The first step exclusively creates another file, the heir, whose
 * name contains the token of the old lease. The second step moves the heir onto the lease file if
 * that file still has the old token. The run whose token is then in the lease file has the lease.
 */
export async function takeLease(tree: Tree, owner: string, clock: Clock, ttlMs: number): Promise<Lease> {
  const path = tree.own('lease');
  const token = randomUUID();
  for (;;) {
    const free = await createWhole(tree, path, encodeRecord({ owner, token, expiresAt: isoTime(clock.now() + ttlMs) }));
    if (free) return hold(path, free, { owner, token }, clock, ttlMs);
    const held = await readRecord(path, ttlMs);
    if (!held) continue;
    if (await isLive(held, clock)) throw locked(path, held);
    const heirPath = tree.own(`lease-after-${held.token}`);
    const heir = await createWhole(tree, heirPath, encodeRecord({ owner, token, expiresAt: isoTime(clock.now() + ttlMs) }));
    if (heir && (await inherit(path, heirPath, held.token, token, ttlMs)))
      return hold(path, heir, { owner, token }, clock, ttlMs);
    await heir?.close();
    if (!heir) await yieldTo(heirPath, clock, ttlMs);
  }
}

/**
 * Replaces the lease file with the heir file, unless the lease has changed since the contender read
 * it. Returns whether the lease now has the new token.
 */
async function inherit(path: string, heirPath: string, oldToken: string, newToken: string, ttlMs: number): Promise<boolean> {
  const current = await readRecord(path, ttlMs);
  if (current?.token === oldToken) await rename(heirPath, path).catch(ignoring('ENOENT'));
  else await unlink(heirPath).catch(ignoring('ENOENT'));
  return (await readRecord(path, ttlMs))?.token === newToken;
}

/** Removes the heir file of a contender that died. Throws LOCKED if the contender is alive. */
async function yieldTo(heirPath: string, clock: Clock, ttlMs: number): Promise<void> {
  const contender = await readRecord(heirPath, ttlMs);
  if (!contender) return;
  if (await isLive(contender, clock)) throw locked(heirPath, contender);
  await unlink(heirPath).catch(ignoring('ENOENT'));
}

/**
 * A lease that this process holds. `file` refers to the lease file that we created, even if another
 * file takes over the name.
 */
interface Holding {
  readonly path: string;
  readonly file: FileHandle;
  readonly holder: Holder;
  readonly clock: Clock;
  readonly ttlMs: number;
  confirmedAt: number;
  lost: SyncError | undefined;
}

interface Holder {
  readonly owner: string;
  readonly token: string;
}

function hold(path: string, file: FileHandle, holder: Holder, clock: Clock, ttlMs: number): Lease {
  const holding: Holding = { path, file, holder, clock, ttlMs, confirmedAt: clock.now(), lost: undefined };
  // A failed renewal does not end the lease. The next renewal or commit checks the lease again.
  const timer = setInterval(() => void renew(holding).catch(() => {}), renewMs(holding));
  timer.unref();
  return {
    assertHeld: async () => assertHeld(holding),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await release(holding);
    },
  };
}

function renewMs({ ttlMs }: Holding): number {
  return ttlMs / 3;
}

/** Renews the lease through the open file, so that a late renewal can never undo a takeover. */
async function renew(holding: Holding): Promise<void> {
  const { path, file, holder, clock, ttlMs } = holding;
  const now = clock.now();
  const current = await readRecord(path, ttlMs);
  if (current?.token !== holder.token) {
    holding.lost ??= locked(path, current);
    return;
  }
  await file.write(encodeRecord({ ...holder, expiresAt: isoTime(now + ttlMs) }), 0);
  holding.confirmedAt = now;
}

async function assertHeld(holding: Holding): Promise<void> {
  const isOverdue = holding.clock.now() - holding.confirmedAt > 1.5 * renewMs(holding);
  if (!holding.lost && isOverdue) await renew(holding);
  if (holding.lost) throw holding.lost;
}

async function release({ path, file, holder, ttlMs }: Holding): Promise<void> {
  try {
    const current = await readRecord(path, ttlMs);
    if (current?.token === holder.token) await unlink(path);
  } catch (error) {
    throw storeError(path, error);
  } finally {
    await file.close();
  }
}

/** Reads a lease file. A file that stays unreadable counts as the lease of an unknown holder. */
async function readRecord(path: string, ttlMs: number): Promise<LeaseRecord | undefined> {
  for (let reads = 1; reads <= 5; reads += 1) {
    const text = await readFile(path, 'utf8').catch(ignoring('ENOENT'));
    if (text === undefined) return undefined;
    const record = parseRecord(text);
    if (record) return record;
    await delay(20);
  }
  const written = await stat(path).catch(ignoring('ENOENT'));
  return (
    written && { owner: 'an unknown run', token: `unreadable-${written.mtimeMs}`, expiresAt: isoTime(written.mtimeMs + ttlMs) }
  );
}

function parseRecord(text: string): LeaseRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function encodeRecord(record: LeaseRecord): string {
  return `${JSON.stringify(record)}\n`;
}

async function isLive(record: LeaseRecord, clock: Clock): Promise<boolean> {
  return clock.now() < Date.parse(record.expiresAt) && !(await isDead(record.owner));
}

function locked(path: string, holder: LeaseRecord | undefined): SyncError {
  const who = holder ? `${describeOwner(holder.owner)} works on this archive` : 'the lease on this archive was removed';
  return new SyncError('LOCKED', `${who} (${path})`, { hint: 'Wait until that run ends, or end it.' });
}
