/** Invocations for tests of one step of a function. */
import type { Execution } from '../../../src/aws/contract.ts';
import { readEnvironment } from '../../../src/aws/platform/environment.ts';
import type { Metrics } from '../../../src/aws/platform/metrics.ts';
import { openInvocation, type OpenInvocation } from '../../../src/aws/platform/open-invocation.ts';

const required = {
  CLOUD_SYNC_STAGE: 'prod',
  CLOUD_SYNC_TABLE: 'table',
  CLOUD_SYNC_ARCHIVE_BUCKET: 'archive',
  CLOUD_SYNC_RUNS_BUCKET: 'runs',
  CLOUD_SYNC_SECRET: 'gopro/credentials',
};

interface Given {
  readonly execution: Execution;
  readonly metrics: Metrics;
  /** Environment variables that are added to the required ones, or replace them. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Opens an invocation with a function's adapters, without log lines. It sends no request. */
export function openQuietInvocation({ execution, metrics, variables = {} }: Given): OpenInvocation {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const telemetry = { log, metrics, report: () => {}, flush: () => {} };
  const environment = readEnvironment({ ...required, ...variables });
  return openInvocation(environment, { execution, telemetry, remainingMs: () => 60_000 });
}
