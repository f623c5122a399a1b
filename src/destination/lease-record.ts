import { z } from 'zod';
import type { LeaseRecord } from '../lease.ts';
import { crc32 } from '../lib/crc32.ts';

/** The text of a lease's record in a file or an object. */

const processFields = { bootId: z.string(), pidNamespace: z.string(), pid: z.int(), processStart: z.string() };
const processSchema = z.object(processFields);
/** Only these characters are allowed, because the name of a file may contain the token. */
const tokenSchema = z.string().regex(/^[\w-]{1,100}$/);
const recordSchema = z.object({
  owner: z.string(),
  token: tokenSchema,
  fence: z.int().nonnegative(),
  renewals: z.int().nonnegative(),
  term: z.number().positive(),
  released: z.boolean(),
  earlierMayRun: z.boolean().default(false),
  deadline: z.iso.datetime().optional(),
});

/** The records of Cloud Sync 0.1. A renewal changed only the time. */
const timedSchema = z.object({ owner: z.string(), token: tokenSchema, expiresAt: z.iso.datetime() });
const timedOwnerSchema = z.object({ host: z.string(), pid: z.int() });

/** The term of a record that does not state one, in ms. */
const usualTermMs = 60_000;

/** Encodes a record as one line of JSON. */
export function encodeLease({ termMs, process, deadline, ...record }: LeaseRecord): string {
  return `${JSON.stringify({ ...record, term: termMs, ...process, ...(deadline !== null && { deadline }) })}\n`;
}

/**
 * Decodes a record. A text that is no record becomes the lease of an unknown holder, so that a
 * contender waits before it takes the lease.
 */
export function decodeLease(text: string): LeaseRecord {
  const fields = parseJson(text);
  const record = recordSchema.safeParse(fields);
  if (!record.success) return decodeTimed(fields) ?? { ...unproven, owner: 'an unknown run', token: `unreadable-${crc32(text)}` };
  const { term, deadline = null, ...others } = record.data;
  return { ...others, termMs: term, deadline, process: processSchema.safeParse(fields).data ?? null };
}

/** Default fields of a record that does not identify its holder's process. */
const unproven = {
  fence: 0,
  renewals: 0,
  termMs: usualTermMs,
  released: false,
  process: null,
  earlierMayRun: false,
  deadline: null,
} as const;

function decodeTimed(fields: unknown): LeaseRecord | undefined {
  const timed = timedSchema.safeParse(fields);
  if (!timed.success) return undefined;
  const { owner, token, expiresAt } = timed.data;
  return { ...unproven, owner: describeTimedOwner(owner), token, renewals: Date.parse(expiresAt) };
}

/** Describes an owner of Cloud Sync 0.1 to a person. An execution is named by its ARN. */
export function describeTimedOwner(owner: string): string {
  const known = timedOwnerSchema.safeParse(parseJson(owner));
  return known.success ? `process ${known.data.pid} on ${known.data.host}` : owner;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
