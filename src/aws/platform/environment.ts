import { z } from 'zod';
import { SyncError } from '../../errors.ts';
import { roleRequests, rolesOfRun, type Role } from '../../media.ts';
import { allowsPlainHttp, defaultApiUrl, defaultRequestsPerSecond } from '../../source/gopro/defaults.ts';
import { readAwsNetwork, readProxies } from '../../config/network.ts';
import { stages, type Stage } from '../../config/stages.ts';
import type { AwsNetwork } from '../../lib/aws-clients.ts';

/**
 * The names of the variables in the environment of the functions. The stack sets these variables,
 * and `readEnvironment` reads them.
 */
export const environmentNames = {
  table: 'CLOUD_SYNC_TABLE',
  archiveBucket: 'CLOUD_SYNC_ARCHIVE_BUCKET',
  runsBucket: 'CLOUD_SYNC_RUNS_BUCKET',
  secret: 'CLOUD_SYNC_SECRET',
  /** The stage: dev, staging or prod. */
  stage: 'CLOUD_SYNC_STAGE',
  /** The roles that are archived on request: `edits`, `sidecars`, `edits,sidecars`, or empty. */
  include: 'CLOUD_SYNC_INCLUDE',
  /** `true` if new files are not compared with the provider's claims. */
  noProve: 'CLOUD_SYNC_NO_PROVE',
  quarantineAfter: 'CLOUD_SYNC_QUARANTINE_AFTER',
  /** The maximum number of parts that one invocation of video-downloader transfers at once. */
  concurrency: 'CLOUD_SYNC_CONCURRENCY',
  gopro: 'CLOUD_SYNC_GOPRO_API_URL',
  goproRps: 'CLOUD_SYNC_GOPRO_API_RPS',
  /** The endpoint of a store that is not S3 of AWS. */
  s3Endpoint: 'CLOUD_SYNC_S3_ENDPOINT',
  stallTimeoutMs: 'CLOUD_SYNC_STALL_TIMEOUT_MS',
  /** The length of a slice in seconds, for tests. It is less than the function's time-out. */
  sliceSeconds: 'CLOUD_SYNC_SLICE_SECONDS',
} as const;

/** The settings of a function, which are read from its environment. */
export interface FunctionEnvironment {
  readonly stage: Stage;
  readonly table: string;
  readonly archiveBucket: string;
  readonly runsBucket: string;
  /** The name of the secret with the provider's credentials. */
  readonly secret: string;
  /** The roles to archive. They always include `source` and `raw`. */
  readonly roles: readonly Role[];
  /** Whether new files are compared with the provider's claims. */
  readonly proves: boolean;
  readonly quarantineAfter: number;
  /** The maximum number of parts that one invocation transfers at once. */
  readonly concurrency: number;
  readonly goproApiUrl: string;
  readonly goproRps: number;
  /** True if signed URLs may be plain http, because the provider's address is plain http. */
  readonly plainHttp: boolean;
  readonly s3Endpoint: string | undefined;
  /**
   * True if S3 addresses have the name of the bucket in the path instead of the host name. This is
   * needed if the endpoint of S3 or of AWS is overridden.
   */
  readonly pathStyle: boolean;
  readonly stallMs: number;
  /** How the functions reach every host: the proxies and the certificates. */
  readonly network: AwsNetwork;
  /** The length of a slice in ms, if a slice should end before the invocation does. */
  readonly sliceMs: number | undefined;
}

const text = z.string().min(1);
const positive = z.coerce.number().positive();
const count = z.coerce.number().int().positive();
const include = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').filter((word) => word !== '') : []),
  z.array(z.enum(roleRequests)),
);

const schema = z.object({
  [environmentNames.stage]: z.enum(stages),
  [environmentNames.table]: text,
  [environmentNames.archiveBucket]: text,
  [environmentNames.runsBucket]: text,
  [environmentNames.secret]: text,
  [environmentNames.include]: include,
  [environmentNames.noProve]: z.stringbool().default(false),
  [environmentNames.quarantineAfter]: count.default(10),
  [environmentNames.concurrency]: count.default(5),
  [environmentNames.gopro]: z.url().default(defaultApiUrl),
  [environmentNames.goproRps]: positive.default(defaultRequestsPerSecond),
  [environmentNames.s3Endpoint]: z.url().optional(),
  [environmentNames.stallTimeoutMs]: positive.default(30_000),
  [environmentNames.sliceSeconds]: positive.optional(),
});

/**
 * Reads the environment. Errors: USAGE, which names each missing or wrong variable. The stack sets
 * correct values, so a wrong value means that a person changed a variable.
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): FunctionEnvironment {
  const parsed = schema.safeParse(variables);
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ');
    throw new SyncError('USAGE', `the function's environment is wrong: ${names}`, { hint: 'Deploy the stack again.' });
  }
  const values = parsed.data;
  const sliceSeconds = values[environmentNames.sliceSeconds];
  const goproApiUrl = values[environmentNames.gopro];
  return {
    stage: values[environmentNames.stage],
    table: values[environmentNames.table],
    archiveBucket: values[environmentNames.archiveBucket],
    runsBucket: values[environmentNames.runsBucket],
    secret: values[environmentNames.secret],
    roles: rolesOfRun(values[environmentNames.include]),
    proves: !values[environmentNames.noProve],
    quarantineAfter: values[environmentNames.quarantineAfter],
    concurrency: values[environmentNames.concurrency],
    goproApiUrl,
    goproRps: values[environmentNames.goproRps],
    plainHttp: allowsPlainHttp(goproApiUrl),
    s3Endpoint: values[environmentNames.s3Endpoint],
    pathStyle: (variables['AWS_ENDPOINT_URL_S3'] ?? variables['AWS_ENDPOINT_URL']) !== undefined,
    stallMs: values[environmentNames.stallTimeoutMs],
    network: readAwsNetwork(variables, readProxies(variables)),
    sliceMs: sliceSeconds === undefined ? undefined : sliceSeconds * 1000,
  };
}
