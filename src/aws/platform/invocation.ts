import type { Destination } from '../../destination/destination.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HttpClient } from '../../lib/http/index.ts';
import type { Provider } from '../../media.ts';
import type { Report } from '../../events.ts';
import type { Source } from '../../source/source.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Execution } from '../contract.ts';
import type { FunctionEnvironment } from './environment.ts';
import type { Metrics } from './metrics.ts';

/** The ports of one invocation of a function. No request is sent before a method is called. */
export interface Invocation {
  readonly environment: FunctionEnvironment;
  readonly execution: Execution;
  readonly clock: Clock;
  readonly log: InvocationLog;
  readonly metrics: Metrics;
  /** Every event becomes a log line, and counted events also become metrics. */
  readonly report: Report;
  /** The time until the platform ends this invocation, in ms. */
  remainingMs(): number;
  /** The archive in S3. It is not checked whether the archive exists. */
  readonly destination: Destination;
  /** The client for media hosts. */
  readonly http: HttpClient;
  readonly runs: RunsStore;
  /**
   * The ledger of the archive. Only the begin of a run may `create` the archive, in an empty bucket
   * with an unused table. Errors: ARCHIVE_UNKNOWN when the table knows an archive and the bucket
   * has none; TRACKER_UNUSABLE, DESTINATION_UNUSABLE.
   */
  openTracker(provider: Provider, options?: { readonly create: boolean }): Promise<Tracker>;
  /**
   * The provider's library, with the credentials in the secret. Errors: CREDENTIALS_MISSING for a
   * missing or malformed secret.
   */
  openSource(provider: Provider): Promise<OpenSource>;
}

export interface OpenSource {
  readonly source: Source;
  /** When the secret was last written, according to its content or to Secrets Manager; ISO 8601. */
  readonly credentialsSince: string | null;
  readonly apiRequests: () => number;
}

/** Log lines are JSON with the correlation id and without secrets. */
export interface InvocationLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * The objects of one run under `runs/<execution name>/` in the bucket for runs. Only the manifest
 * is large.
 */
export interface RunsStore {
  /** The key of an object of this run. */
  key(name: string): string;
  /** undefined: the object does not exist. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}
