import { z } from 'zod';
import type { Stage } from '../src/config/stages.ts';
import { roleRequests } from '../src/media.ts';
import { storageProfiles } from './storage-cost.ts';

const environmentSchema = z.strictObject({
  /**
   * `kms` is a customer key with rotation, for about 1 USD a month. If the key is deleted, the
   * archive is lost.
   */
  encryption: z.enum(['sse-s3', 'kms']),
  /** Decides the cost of archived files and how soon they can be read; see storage-cost.ts. */
  storage: z.enum(storageProfiles),
  /** The roles to archive on request. */
  include: z.array(z.enum(roleRequests)),
  /** The limit of work lines that are transferred at once. */
  mapConcurrency: z.int().min(1).max(40),
  /** The limit of parts at once in one invocation of video-downloader. */
  partConcurrency: z.int().min(1).max(40),
  /** Requests per second to the provider's API, by all functions together. */
  goproRps: z.number().positive(),
  /** After so many failed runs an original needs a person. */
  quarantineAfter: z.int().min(1),
  /** Local time. Avoid the hour after a clock change, because some time zones skip it. */
  schedule: z.strictObject({ timeZone: z.string().min(1), hour: z.int().min(0).max(23), minute: z.int().min(0).max(59) }),
  /** The bill guard: the units per second that the table serves at most. */
  tableUnits: z.strictObject({ read: z.int().positive(), write: z.int().positive() }),
});
export type EnvironmentSettings = Readonly<z.infer<typeof environmentSchema>>;

/** Parses the table. Refuses a missing, wrong or unknown key, and names it. */
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
  // The limit of one partition in DynamoDB. All rows of a library are in one partition.
  tableUnits: { read: 3_000, write: 1_000 },
};

export const environments = parseEnvironments({
  // A trial archive is deleted soon, which is cheapest in a class without a minimum time.
  dev: { ...usual, storage: 'standard' },
  staging: usual,
  prod: usual,
});
