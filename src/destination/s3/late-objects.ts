import { SyncError } from '../../errors.ts';
import type { Bucket } from './bucket.ts';
import { refusalOf } from './errors.ts';
import { noteUnusable } from './unusable-keys.ts';

/**
 * Some stores answer 404 or 403 for seconds after they stored an object. A read within this time
 * after a success proves nothing.
 */
const maxLateMs = 30_000;
const firstPauseMs = 100;
const maxPauseMs = 4_000;

/**
 * Looks for an object that the store has just accepted, until it is there or `maxLateMs` have
 * passed. `look` returns undefined while the object is absent, or while an older one is there.
 * Throws the error of the last look if the store denied it.
 */
export async function lookUntilSeen<Value>(bucket: Bucket, look: () => Promise<Value | undefined>): Promise<Value | undefined> {
  let waitedMs = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
    const isLast = waitedMs >= maxLateMs;
    const found = await look().catch((error: unknown) => {
      const refusal = refusalOf(error);
      // An archive class is no delay.
      if (isLast || refusal?.status !== 403 || refusal.code === 'InvalidObjectState') throw error;
      return undefined;
    });
    if (found !== undefined || isLast) return found;
    await bucket.clock.sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

/**
 * The error if the store never shows an object that it accepted. The file is not fetched again,
 * because the store has it. The next run looks again. The run ends if no file becomes visible.
 */
export function unseen(bucket: Bucket, key: string): SyncError {
  const code = noteUnusable(bucket, key) ? 'DESTINATION_UNUSABLE' : 'UNREADABLE';
  return new SyncError(code, `${bucket.location}/${key} is not visible ${maxLateMs / 1000} s after the store accepted it`, {
    hint: 'The next run looks for it again. If it stays invisible, ask the operator of the store.',
  });
}
