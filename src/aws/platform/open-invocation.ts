import { randomUUID } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { openS3 } from '../../destination/s3/index.ts';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { awsClientOptions } from '../../lib/aws-clients.ts';
import { readAwsError } from '../../lib/aws-error.ts';
import { systemClock } from '../../lib/clock.ts';
import { createDigests } from '../../lib/digest/index.ts';
import { createHttpClient } from '../../lib/http/index.ts';
import type { Span } from '../../lib/span.ts';
import { createGoproSource, type AuthMode } from '../../source/gopro/index.ts';
import type { Provider } from '../../media.ts';
import { boundArchive, openDynamoTracker } from '../../tracker/dynamodb/index.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { authModeFact } from '../../source/gopro/defaults.ts';
import type { Execution } from '../contract.ts';
import type { FunctionEnvironment } from './environment.ts';
import type { Invocation, OpenSource, RunsStore } from './invocation.ts';
import { readSecret, type SecretCredentials } from './secret.ts';
import type { Telemetry } from './telemetry.ts';
import { tracedDestination, tracedHttp, tracedSource } from './traced.ts';
import { openXray } from './xray.ts';

/**
 * The maximum number of open connections to the provider's API. More connections would not be
 * faster, because the requests per second are limited.
 */
const apiConnections = 4;

export interface OpenInvocation extends Invocation, AsyncDisposable {}

interface Given {
  readonly execution: Execution;
  readonly telemetry: Telemetry;
  readonly remainingMs: () => number;
}

/** The objects that the adapters of an invocation share. */
interface Shared {
  readonly environment: FunctionEnvironment;
  readonly span: Span;
  readonly onWarning: (message: string, hint?: string) => void;
  /** Registers a resource to be closed together with the invocation, and returns the resource. */
  readonly closing: <Resource extends Closable>(resource: Resource) => Resource;
  readonly openTracker: Invocation['openTracker'];
}

interface Closable {
  close(): Promise<unknown>;
}

/**
 * Creates an invocation with the adapters for AWS. This function is the composition root on AWS.
 */
export function openInvocation(environment: FunctionEnvironment, { execution, telemetry, remainingMs }: Given): OpenInvocation {
  const opened: Closable[] = [];
  const closing = <Resource extends Closable>(resource: Resource): Resource => {
    opened.push(resource);
    return resource;
  };
  const { log, metrics, report } = telemetry;
  const { span, close: closeTrace } = openXray();
  const onWarning: Shared['onWarning'] = (message, hint) => log.warn(message, hint === undefined ? {} : { hint });
  const destination = tracedDestination(closing(openArchive(environment, onWarning)), span);
  const trackers = new Map<Provider, Promise<Tracker>>();
  const openTracker: Invocation['openTracker'] = async (provider, options) => {
    const tracker = trackers.get(provider) ?? openLedger(provider, environment, destination, options).then(closing);
    trackers.set(provider, tracker);
    return tracker;
  };
  return {
    environment,
    execution,
    clock: systemClock,
    log,
    metrics,
    report,
    remainingMs,
    destination,
    http: tracedHttp(
      closing(createHttpClient({ connections: environment.concurrency, proxies: environment.network.proxies })),
      span,
      metrics,
    ),
    digests: environment.proves ? closing(createDigests()) : undefined,
    runs: closing(openRuns(environment, execution.name)),
    openTracker,
    openSource: async (provider) => openSource(provider, { environment, span, onWarning, closing, openTracker }),
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(opened.map(async (resource) => resource.close()));
      // The trace closes last, because closing the other resources also ends spans.
      await closeTrace();
    },
  };
}

async function openSource(provider: Provider, shared: Shared): Promise<OpenSource> {
  const { environment, span, onWarning, closing, openTracker } = shared;
  const { accessToken, userId, userAgent, since } = await span('retrieve_credentials', {}, () => fetchSecret(environment));
  // This deployment may have no tracker, and thus no stored authentication mode. `validate` then
  // finds the mode.
  const tracker = await openTracker(provider).catch(() => undefined);
  const rememberedMode = (await tracker?.getFact(authModeFact)) as AuthMode | undefined;
  let requests = 0;
  const source = createGoproSource({
    apiUrl: environment.goproApiUrl,
    credentials: { accessToken, ...(userId && { userId }), ...(userAgent && { userAgent }) },
    requestsPerSecond: environment.goproRps,
    stallMs: environment.stallMs,
    http: closing(createHttpClient({ connections: apiConnections, proxies: environment.network.proxies })),
    proxies: environment.network.proxies,
    clock: systemClock,
    ...(rememberedMode && { rememberedMode }),
    onRequest: () => void (requests += 1),
    onWarning,
  });
  const rememberMode = async () => {
    if (tracker && source.mode !== rememberedMode) await tracker.setFact(authModeFact, source.mode);
  };
  return { source: tracedSource(source, span), credentialsSince: since, apiRequests: () => requests, rememberMode };
}

async function fetchSecret({ secret, network }: FunctionEnvironment): Promise<SecretCredentials> {
  const client = new SecretsManagerClient(awsClientOptions(network, { connectionTimeout: 5_000, requestTimeout: 5_000 }));
  return readSecret(client, secret).finally(() => client.destroy());
}

function openArchive(
  { archiveBucket, s3Endpoint, pathStyle, stallMs, network }: FunctionEnvironment,
  onWarning: (message: string) => void,
): Destination {
  return openS3({
    bucket: archiveBucket,
    prefix: '',
    clock: systemClock,
    stallMs,
    network,
    onWarning,
    ...(s3Endpoint !== undefined && { endpoint: s3Endpoint }),
    ...(pathStyle && { pathStyle }),
  });
}

async function openLedger(
  provider: Provider,
  { table, network }: FunctionEnvironment,
  destination: Destination,
  { create }: { readonly create: boolean } = { create: false },
): Promise<Tracker> {
  const [archiveThere, bound] = await Promise.all([destination.identify(), boundArchive({ network }, table)]);
  if (archiveThere === undefined && (bound !== undefined || !create)) {
    const expected = bound === undefined ? 'the archive' : `the archive ${bound}`;
    throw new SyncError('ARCHIVE_UNKNOWN', `${destination.location} should hold ${expected}, but no archive is there`, {
      hint: 'Check that this is the right bucket. If its `.cloud-sync/archive.json` was deleted, restore the last version of that object.',
    });
  }
  const archiveId = archiveThere ?? (await destination.initialise(randomUUID()));
  return openDynamoTracker({ client: { network }, table, provider, archiveId, clock: systemClock });
}

function openRuns(
  { runsBucket: Bucket, pathStyle, network }: FunctionEnvironment,
  run: string,
): RunsStore & { close(): Promise<void> } {
  const options = awsClientOptions(network, { connectionTimeout: 5_000, requestTimeout: 20_000 });
  const client = new S3Client({ forcePathStyle: pathStyle, ...options });
  const key = (name: string) => `runs/${run}/${name}`;
  return {
    key,
    read: async (name) => {
      try {
        const reply = await client.send(new GetObjectCommand({ Bucket, Key: key(name) }));
        return await reply.Body?.transformToString();
      } catch (error) {
        if (readAwsError(error)?.kind === 'notFound') return undefined;
        throw unusable(Bucket, error);
      }
    },
    write: async (name, text) => {
      await client.send(new PutObjectCommand({ Bucket, Key: key(name), Body: text })).catch((error: unknown) => {
        throw unusable(Bucket, error);
      });
    },
    close: async () => client.destroy(),
  };
}

function unusable(bucket: string, error: unknown): SyncError {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SyncError(
    'DESTINATION_UNUSABLE',
    `the bucket ${bucket}, which has the temporary files of runs, cannot be used (${why})`,
    {
      hint: 'Deploy the service stack again.',
      cause: error,
    },
  );
}
