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

/** `token` is new with every lease, so that no two are alike. */
const recordSchema = z.object({ owner: z.string(), token: z.uuid(), expiresAt: z.iso.datetime() });
type LeaseRecord = z.infer<typeof recordSchema>;

export interface Lease extends AsyncDisposable {
  /** LOCKED once the lease is somebody else's. Reads the file only when the last renewal is overdue. */
  assertHeld(): Promise<void>;
}

/**
 * Takes `.cloud-sync/lease` for `owner`. A dead holder on this machine is taken over at once, any other when its lease has run out.
 *
 * Exactly one of several contenders wins: a free lease by creating the file exclusively; an abandoned one by creating its heir exclusively,
 * a file named after the token of the lease it replaces, and then moving the heir onto it, provided the old token still stands. Whose token
 * is in the file afterwards holds it.
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

/** Whether the heir now is the lease. If the old lease is not the one that was judged any more, the claim is void. */
async function inherit(path: string, heirPath: string, oldToken: string, newToken: string, ttlMs: number): Promise<boolean> {
  const standing = await readRecord(path, ttlMs);
  if (standing?.token === oldToken) await rename(heirPath, path).catch(ignoring('ENOENT'));
  else await unlink(heirPath).catch(ignoring('ENOENT'));
  return (await readRecord(path, ttlMs))?.token === newToken;
}

/** Another contender was first. One that died in the attempt is cleared away. */
async function yieldTo(heirPath: string, clock: Clock, ttlMs: number): Promise<void> {
  const contender = await readRecord(heirPath, ttlMs);
  if (!contender) return;
  if (await isLive(contender, clock)) throw locked(heirPath, contender);
  await unlink(heirPath).catch(ignoring('ENOENT'));
}

/**
 * Renews through the open file, which stays our own even when another one has taken its name: a late renewal can never undo a
 * takeover.
 */
function hold(
  path: string,
  file: FileHandle,
  holder: { readonly owner: string; readonly token: string },
  clock: Clock,
  ttlMs: number,
): Lease {
  const renewMs = ttlMs / 3;
  let confirmedAt = clock.now();
  let lost: SyncError | undefined;
  const renew = async () => {
    const now = clock.now();
    const standing = await readRecord(path, ttlMs);
    if (standing?.token !== holder.token) {
      lost ??= locked(path, standing);
      return;
    }
    await file.write(encodeRecord({ ...holder, expiresAt: isoTime(now + ttlMs) }), 0);
    confirmedAt = now;
  };
  // A failed renewal is not yet a lost lease: the next one, or the next commit, looks again.
  const timer = setInterval(() => void renew().catch(() => {}), renewMs);
  timer.unref();
  return {
    assertHeld: async () => {
      if (!lost && clock.now() - confirmedAt > 1.5 * renewMs) await renew();
      if (lost) throw lost;
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      try {
        const standing = await readRecord(path, ttlMs);
        if (standing?.token === holder.token) await unlink(path);
      } catch (error) {
        throw storeError(path, error);
      } finally {
        await file.close();
      }
    },
  };
}

/** A file that stays unreadable as a lease counts as that of an unknown holder; one that is just being written does not stay so. */
async function readRecord(path: string, ttlMs: number): Promise<LeaseRecord | undefined> {
  for (let look = 1; look <= 5; look += 1) {
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
  return new SyncError('LOCKED', `${who} (${path})`, { hint: 'Wait until that run has ended, or stop it.' });
}
