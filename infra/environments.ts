import { z } from 'zod';
import type { Stage } from '../src/config/stages.ts';
import { storageProfiles } from './storage-cost.ts';

const environmentSchema = z.strictObject({
  /**
   * `kms`: a customer key with rotation, about 1 USD a month; deleting the key deletes the archive.
   */
  encryption: z.enum(['sse-s3', 'kms']),
  /** What archived files cost and how soon they can be read; see storage-cost.ts. */
  storage: z.enum(storageProfiles),
  /** Roles beyond the originals. */
  include: z.array(z.enum(['edits', 'sidecars'])),
  /** Work lines in transfer at a time. */
  mapConcurrency: z.int().min(1).max(40),
  /** Parts in flight in one invocation of video-downloader. */
  partConcurrency: z.int().min(1).max(40),
  /** Requests per second to the provider's API, of all functions together. */
  goproRps: z.number().positive(),
  /** Failed runs after which an original needs a person. */
  quarantineAfter: z.int().min(1),
  /** Local time; the hour after a change of the clocks does not exist everywhere. */
  schedule: z.strictObject({ timeZone: z.string().min(1), hour: z.int().min(0).max(23), minute: z.int().min(0).max(59) }),
  /** The bill guard: units per second that the table serves at most. */
  tableUnits: z.strictObject({ read: z.int().positive(), write: z.int().positive() }),
});
export type EnvironmentSettings = Readonly<z.infer<typeof environmentSchema>>;

/** Refuses a key that is missing, wrong or unknown, and names it. */
export function parseEnvironments(table: unknown): Readonly<Record<Stage, EnvironmentSettings>> {
  const parsed = z.strictObject({ dev: environmentSchema, staging: environmentSchema, prod: environmentSchema }).safeParse(table);
  if (!parsed.success) throw new RangeError(`infra/environments.ts:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

const usual = {
  encryption: 'sse-s3',
  storage: 'deep-archive',
  include: [],
  mapConcurrency: 5,
  partConcurrency: 5,
  goproRps: 4,
  quarantineAfter: 10,
  schedule: { timeZone: 'Europe/Paris', hour: 4, minute: 15 },
  // What one partition of DynamoDB serves; all rows of a library lie in one.
  tableUnits: { read: 3_000, write: 1_000 },
};

export const environments = parseEnvironments({
  // A trial archive is deleted soon, which is cheapest in a class without a minimum time.
  dev: { ...usual, storage: 'standard' },
  staging: usual,
  prod: usual,
});
