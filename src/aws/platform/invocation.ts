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

/** The ports of one invocation of a function. Nothing is requested before a method is called. */
export interface Invocation {
  readonly environment: FunctionEnvironment;
  readonly execution: Execution;
  readonly clock: Clock;
  readonly log: InvocationLog;
  readonly metrics: Metrics;
  /** Every event becomes a log line, and what is counted a metric. */
  readonly report: Report;
  /** Until the platform ends this invocation, in ms. */
  remainingMs(): number;
  /** The archive in S3, without asking whether it is there. */
  readonly destination: Destination;
  /** For media hosts. */
  readonly http: HttpClient;
  readonly runs: RunsStore;
  /**
   * The ledger of the archive. Only a run's begin may `create` the archive in an empty bucket with
   * an unused table. Errors: ARCHIVE_UNKNOWN when the table knows an archive and the bucket holds
   * none; TRACKER_UNUSABLE, DESTINATION_UNUSABLE.
   */
  openTracker(provider: Provider, options?: { readonly create: boolean }): Promise<Tracker>;
  /**
   * The provider's library with the secret's credentials. Errors: CREDENTIALS_MISSING for a missing
   * or malformed secret.
   */
  openSource(provider: Provider): Promise<OpenSource>;
}

export interface OpenSource {
  readonly source: Source;
  /** When the secret was last written, by its own word or by Secrets Manager's; ISO 8601. */
  readonly credentialsSince: string | null;
  readonly apiRequests: () => number;
}

/** Log lines are JSON, carry the correlation id, and are freed of secrets. */
export interface InvocationLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * Objects of one run under `runs/<execution name>/` in the bucket for runs; only the manifest is
 * large.
 */
export interface RunsStore {
  /** The key of an object of this run. */
  key(name: string): string;
  /** undefined: there is none. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}
