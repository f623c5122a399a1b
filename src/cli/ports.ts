/** Gives `sync` the source, destination and tracker of this machine. */
import type { Config } from '../config/load.ts';
import { systemClock } from '../lib/clock.ts';
import { createDigests } from '../lib/digest/index.ts';
import { createHttpClient } from '../lib/http/index.ts';
import { rolesOfRun } from '../media.ts';
import { allowsPlainHttp, authModeFact } from '../source/gopro/defaults.ts';
import { parseFilters } from '../plan/filter.ts';
import { rollingDaysOfSync } from './archive/rolling-days.ts';
import type { Report } from '../events.ts';
import type { AuthMode } from '../source/gopro/index.ts';
import type { Ports, SyncOptions } from '../sync.ts';
import { parseBandwidth } from '../transfer/media-host/limits.ts';
import type { OpenArchive } from './archive/open-archive.ts';
import type { Context } from './command.ts';
import { leaseSettings } from './archive/lease-settings.ts';
import { openApiClient, openSource } from './provider.ts';
import type { LoadedCredentials } from '../config/credentials/load-credentials.ts';

export interface OpenPorts extends Ports, AsyncDisposable {
  /** Stores the way in which the provider accepts the credentials, for the next run. */
  rememberMode(): Promise<void>;
}

/** Opens everything that `sync` needs. Errors: USAGE, CREDENTIALS_MISSING, TRACKER_UNUSABLE. */
export async function openPorts(
  config: Config,
  { destination, tracker }: OpenArchive,
  credentials: LoadedCredentials,
  report: Report,
): Promise<OpenPorts> {
  let requests = 0;
  const apiClient = openApiClient(config);
  const http = createHttpClient({ connections: config.settings.concurrency, proxies: config.proxies });
  const digests = config.settings['no-prove'] ? undefined : createDigests();
  const rememberedMode = (await tracker.getFact(authModeFact)) as AuthMode | undefined;
  const source = openSource(config, {
    credentials,
    http: apiClient,
    ...(rememberedMode && { rememberedMode }),
    onRequest: () => void (requests += 1),
    onWarning: (message, hint) => report({ type: 'warning', message, ...(hint !== undefined && { hint }) }),
  });
  return {
    source,
    destination,
    tracker,
    http,
    digests,
    clock: systemClock,
    report,
    apiRequests: () => requests,
    rememberMode: () => tracker.setFact(authModeFact, source.mode),
    [Symbol.asyncDispose]: async () => void (await Promise.all([apiClient.close(), http.close(), digests?.close()])),
  };
}

/** Makes the options of a run. Called before anything is opened. Errors: USAGE. */
export function syncOptions({ config, log, interruption: { signal } }: Context): SyncOptions {
  const { settings } = config;
  const filters = parseFilters(settings);
  return {
    lease: leaseSettings(config, log),
    roles: rolesOfRun(settings.include),
    filters: Object.keys(filters).length === 0 ? undefined : filters,
    concurrency: settings.concurrency,
    bandwidth: parseBandwidth(settings.bwlimit ?? 'off'),
    quarantineAfter: settings['quarantine-after'],
    stallMs: settings['stall-timeout-ms'],
    plainHttp: allowsPlainHttp(settings['gopro-api-url']),
    fullListing: settings.full,
    dryRun: settings['dry-run'],
    rollingDays: rollingDaysOfSync(settings),
    signal,
  };
}
