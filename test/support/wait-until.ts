import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `ask` every few milliseconds until it returns neither undefined nor false. Throws after
 * `withinMs`. The message names `what`.
 */
export async function waitUntil<Answer>(what: string, ask: () => Answer | undefined | false, withinMs = 30_000): Promise<Answer> {
  const deadlineMs = Date.now() + withinMs;
  for (;;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await delay(5);
  }
}
