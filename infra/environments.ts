import { z } from 'zod';
import type { Stage } from '../src/config/stages.ts';
import { roleRequests } from '../src/media.ts';
import { storageProfiles } from './storage-cost.ts';

const environmentSchema = z.strictObject({
  /**
   * With `kms` the archive has a customer key with rotation, for about 1 USD a month. If that key
   * is deleted, the archive is lost.
   */
  encryption: z.enum(['sse-s3', 'kms']),
  /**
   * The storage profile decides what archived files cost and how soon they can be read. The file
   * storage-cost.ts describes the profiles.
   */
  storage: z.enum(storageProfiles),
  /** The roles that are archived only on request. */
  include: z.array(z.enum(roleRequests)),
  /** Whether new files are compared with the cloud's own checksums. */
  prove: z.boolean(),
  /** At most this many work lines are transferred at once. */
  mapConcurrency: z.int().min(1).max(40),
  /** One invocation of `video-downloader` transfers at most this many parts at once. */
  partConcurrency: z.int().min(1).max(40),
  /** All functions together send at most this many requests per second to the provider's API. */
  goproRps: z.number().positive(),
  /** After this many failed runs an original is quarantined. */
  quarantineAfter: z.int().min(1),
  /** The local time of the nightly start. Avoid the hour that a clock change can skip. */
  schedule: z.strictObject({ timeZone: z.string().min(1), hour: z.int().min(0).max(23), minute: z.int().min(0).max(59) }),
  /** The maximum units per second that the table serves. This limit guards against high bills. */
  tableUnits: z.strictObject({ read: z.int().positive(), write: z.int().positive() }),
});
export type EnvironmentSettings = Readonly<z.infer<typeof environmentSchema>>;

/**
 * Parses the table of environments. Errors: RangeError, which names each missing, wrong or unknown
 * key.
 */
export function parseEnvironments(table: unknown): Readonly<Record<Stage, EnvironmentSettings>> {
  const parsed = z.strictObject({ dev: environmentSchema, staging: environmentSchema, prod: environmentSchema }).safeParse(table);
  if (!parsed.success) throw new RangeError(`infra/environments.ts:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

const usual = {
  encryption: 'sse-s3',
  storage: 'deep-archive',
  include: [],
  prove: true,
  mapConcurrency: 5,
  partConcurrency: 5,
  goproRps: 4,
  quarantineAfter: 10,
  schedule: { timeZone: 'Europe/Paris', hour: 4, minute: 15 },
  // DynamoDB limits one partition to these units, and all rows of a library are in one partition.
  tableUnits: { read: 3_000, write: 1_000 },
};

export const environments = parseEnvironments({
  // A trial archive is deleted soon. A class without a minimum storage time is then the cheapest.
  dev: { ...usual, storage: 'standard' },
  staging: usual,
  prod: usual,
});
