import { jsonLine } from '../lib/log.ts';
import { redactText } from '../lib/redact.ts';
import type { Event, Report } from '../events.ts';

const progressEveryMs = 5_000;

/**
 * Prints each event as one line of JSON with the time. Prints progress only every few seconds.
 * Removes secrets from free texts.
 */
export function createJsonReport(write: (text: string) => void, now: () => number): Report {
  let nextProgressMs = 0;
  return (event) => {
    const nowMs = now();
    if (event.type === 'progress') {
      if (nowMs < nextProgressMs) return;
      nextProgressMs = nowMs + progressEveryMs;
    }
    const { type, ...fields } = event;
    write(jsonLine({ type, time: new Date(nowMs).toISOString(), ...fields }, redactTexts));
  };
}

/**
 * The fields from which secrets are removed, because they may quote other systems. Keys and paths
 * are not among them, because a long name with dots could be taken for a token.
 */
const freeTexts: ReadonlySet<string> = new Set(['message', 'reason', 'hint', 'account'] satisfies KeysOf<Event>[]);

type KeysOf<Union> = Union extends unknown
  ? keyof Union | (Union extends { readonly error?: infer Inner } ? keyof NonNullable<Inner> : never)
  : never;

function redactTexts(field: string, value: unknown): unknown {
  return typeof value === 'string' && freeTexts.has(field) ? redactText(value) : value;
}
