import { z } from 'zod';
import { usualTermMs, type LeaseRecord } from '../lease.ts';
import { crc32 } from '../lib/crc32.ts';
import { parseJson } from '../lib/json.ts';

/** The text of a lease's record in a file or an object. */

const processSchema = z.object({ bootId: z.string(), pidNamespace: z.string(), pid: z.int(), processStart: z.string() });
/** Only these characters are allowed, because the name of a file may contain the token. */
const tokenSchema = z.string().regex(/^[\w-]{1,100}$/);
const recordSchema = z.object({
  owner: z.string(),
  token: tokenSchema,
  fence: z.int().nonnegative(),
  renewals: z.int().nonnegative(),
  term: z.number().positive(),
  released: z.boolean(),
  /** True if `unprovenFence` is not null. Earlier versions read and write only this field. */
  earlierMayRun: z.boolean().default(false),
  unprovenFence: z.int().nonnegative().optional(),
  deadline: z.iso.datetime().optional(),
});

/** The records of Cloud Sync 0.1. A renewal changed only the time. */
const timedSchema = z.object({ owner: z.string(), token: tokenSchema, expiresAt: z.iso.datetime() });
const timedOwnerSchema = z.object({ host: z.string(), pid: z.int() });

const unreadablePrefix = 'unreadable-';

/** Encodes a record as one line of JSON. */
export function encodeLease({ termMs, process, deadline, unprovenFence, ...record }: LeaseRecord): string {
  const earlierMayRun = unprovenFence !== null;
  const optional = { ...(deadline !== null && { deadline }), ...(earlierMayRun && { unprovenFence }) };
  return `${JSON.stringify({ ...record, earlierMayRun, term: termMs, ...process, ...optional })}\n`;
}

/**
 * Decodes a record. A text that is no record becomes the lease of an unknown holder, so that a
 * contender waits before it takes the lease.
 */
export function decodeLease(text: string): LeaseRecord {
  const fields = parseJson(text);
  const record = recordSchema.safeParse(fields);
  if (!record.success) return decodeTimed(fields) ?? unreadable(text);
  const { term: termMs, deadline = null, earlierMayRun, unprovenFence = record.data.fence, ...others } = record.data;
  const process = processSchema.safeParse(fields).data ?? null;
  return { ...others, termMs, deadline, process, unprovenFence: earlierMayRun ? unprovenFence : null };
}

/** Default fields of a record that does not identify its holder's process. */
const unproven = {
  fence: 0,
  renewals: 0,
  termMs: usualTermMs,
  released: false,
  process: null,
  unprovenFence: null,
  deadline: null,
} as const;

function unreadable(text: string): LeaseRecord {
  return { ...unproven, owner: 'an unknown run', token: unreadablePrefix + crc32(text) };
}

/** Whether a decoded record stands for a text that is no record. */
export function isUnreadable({ token }: LeaseRecord): boolean {
  return token.startsWith(unreadablePrefix);
}

function decodeTimed(fields: unknown): LeaseRecord | undefined {
  const timed = timedSchema.safeParse(fields);
  if (!timed.success) return undefined;
  const { owner, token, expiresAt } = timed.data;
  return timedLease({ owner, token, untilMs: Date.parse(expiresAt) });
}

/**
 * The record of a lease that Cloud Sync 0.1 holds until a time, in ms since 1970. Its renewals set
 * later times, so the time counts as the number of renewals. An execution is named by its ARN.
 */
export function timedLease(lease: {
  readonly owner: string;
  readonly token: string;
  readonly untilMs: number;
  readonly deadline?: string | null;
}): LeaseRecord {
  const { token, untilMs: renewals, deadline = null } = lease;
  const known = timedOwnerSchema.safeParse(parseJson(lease.owner));
  const owner = known.success ? `process ${known.data.pid} on ${known.data.host}` : lease.owner;
  return { ...unproven, owner, token, renewals, deadline };
}
