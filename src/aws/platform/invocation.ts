import type { Destination } from '../../destination/destination.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Digests } from '../../lib/digest/index.ts';
import type { HttpClient } from '../../lib/http/index.ts';
import type { Provider } from '../../media.ts';
import type { Report } from '../../events.ts';
import type { Source } from '../../source/source.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Execution } from '../contract.ts';
import type { FunctionEnvironment } from './environment.ts';
import type { Metrics } from './metrics.ts';

/** The ports of one invocation of a function. Opening an invocation sends no request. */
export interface Invocation {
  readonly environment: FunctionEnvironment;
  readonly execution: Execution;
  readonly clock: Clock;
  readonly log: InvocationLog;
  readonly metrics: Metrics;
  /** Writes each event as a log line. Some events are also counted in metrics. */
  readonly report: Report;
  /** Returns the time in ms until the platform ends this invocation. */
  remainingMs(): number;
  /** The archive in S3. Nothing has checked yet whether the archive exists. */
  readonly destination: Destination;
  /** The HTTP client for media hosts. */
  readonly http: HttpClient;
  /** Computes the digests of claims. Undefined if no file is compared with its claim. */
  readonly digests: Digests | undefined;
  readonly runs: RunsStore;
  /**
   * Opens the ledger of the archive. With `create`, an empty bucket with an unused table gets a new
   * archive. Only the beginning of a run sets `create`. Errors: ARCHIVE_UNKNOWN if the bucket has
   * no archive and may not get a new one; TRACKER_UNUSABLE, DESTINATION_UNUSABLE.
   */
  openTracker(provider: Provider, options?: { readonly create: boolean }): Promise<Tracker>;
  /**
   * Opens the provider's library with the credentials in the secret. Errors: CREDENTIALS_MISSING
   * for a missing or malformed secret.
   */
  openSource(provider: Provider): Promise<OpenSource>;
}

export interface OpenSource {
  readonly source: Source;
  /**
   * When the secret was last written, in ISO 8601. If the secret does not contain this time, the
   * time comes from Secrets Manager. It is null if unknown.
   */
  readonly credentialsSince: string | null;
  readonly apiRequests: () => number;
  /**
   * Stores in the tracker how the provider accepts the credentials, if the provider has accepted
   * them in another way than in earlier runs. Later functions then need no trial.
   */
  readonly rememberMode: () => Promise<void>;
}

/** Writes log lines in JSON, with the correlation id and without secrets. */
export interface InvocationLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * The objects of one run, under `runs/<execution name>/` in the bucket for runs. Only the manifest
 * can be large.
 */
export interface RunsStore {
  /** Returns the key of an object of this run. */
  key(name: string): string;
  /** Reads an object. Returns undefined if the object does not exist. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}
