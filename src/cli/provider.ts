/** Opens the source that the settings name, with the credentials of this machine. */
import { ageInDays, warnFromDays } from '../config/credentials/age.ts';
import { loadCredentials, type LoadedCredentials } from '../config/credentials/load-credentials.ts';
import type { CredentialOptions } from '../config/credentials/stores.ts';
import type { Config } from '../config/load.ts';
import { systemClock } from '../lib/clock.ts';
import { createHttpClient, type HttpClient } from '../lib/http/index.ts';
import { createGoproSource, type AuthMode, type GoproCredentials, type GoproSource } from '../source/gopro/index.ts';
import type { Context } from './command.ts';

export interface SourceOptions {
  readonly credentials: GoproCredentials;
  readonly http: HttpClient;
  readonly rememberedMode?: AuthMode;
  readonly onRequest?: () => void;
  readonly onWarning: (message: string, hint?: string) => void;
}

/** Opens the source. Errors: USAGE if the address of the API is not valid. */
export function openSource({ settings, proxies }: Config, options: SourceOptions): GoproSource {
  return createGoproSource({
    ...options,
    apiUrl: settings['gopro-api-url'],
    requestsPerSecond: settings['api-rps'],
    stallMs: settings['stall-timeout-ms'],
    clock: systemClock,
    proxies,
  });
}

/**
 * Creates the client for API requests. Four connections are enough, because the pacing allows only
 * a few requests at the same time.
 */
export function openApiClient({ proxies }: Config): HttpClient {
  return createHttpClient({ connections: 4, proxies });
}

export function credentialOptions({
  config,
  log,
  stdin,
  stderr,
  interruption: { signal },
}: Pick<Context, 'config' | 'log' | 'stdin' | 'stderr' | 'interruption'>): CredentialOptions {
  const promptPassphrase: CredentialOptions['promptPassphrase'] = async (purpose) =>
    (await import('./prompt.ts')).promptPassphrase(purpose, { stdin, stderr, signal });
  return { config, warn: log.warn, promptPassphrase };
}

/**
 * Loads the credentials and warns if they expire soon. Errors: CREDENTIALS_MISSING,
 * CONFIG_UNREADABLE.
 */
export async function loadCredentialsAndWarn(context: Context): Promise<LoadedCredentials> {
  const credentials = await loadCredentials(credentialOptions(context));
  const days = ageInDays(credentials, systemClock.now());
  if (days !== undefined && days >= warnFromDays) {
    context.log.warn(
      `the credentials from ${credentials.origin} are ${Math.floor(days)} days old; GoPro's cookies last at most 7 days`,
      'Renew them soon with `cloud-sync login gopro`.',
    );
  }
  return credentials;
}
