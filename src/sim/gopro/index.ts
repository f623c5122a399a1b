/**
 * A simulated GoPro cloud on this machine: an API server and a CDN server that share one library.
 */
import { randomBytes } from 'node:crypto';
import { createFaultSwitch, type Fault, type FaultSwitch } from './faults/faults.ts';
import { answerApi, answerCdn, type CloudContext } from './answers.ts';
import type { ApiSession } from './api.ts';
import { buildLibrary, type Preset, type PresetOptions, type SimLibrary } from './library/library.ts';
import { listen } from '../loopback-server.ts';
import { createRequestLog, type CloudStats, type LoggedRequest } from '../request-log.ts';
import { createUrlSigner } from './signed-urls.ts';

export type { CloudStats, LoggedRequest } from '../request-log.ts';

export interface GoproCloudOptions {
  /** Default: the library of `preset`. */
  readonly library?: SimLibrary;
  /** Default: `small`. */
  readonly preset?: Preset;
  readonly presetOptions?: PresetOptions;
  readonly faults?: readonly Fault[];
  /**
   * How a client may sign in: with both cookies, with a bearer token, or in either way. Default:
   * `both`.
   */
  readonly auth?: ApiSession['auth'];
  readonly accessToken?: string;
  readonly userId?: string;
  /** The maximum of `per_page`. A larger value is silently reduced. Default: 100. */
  readonly perPageCap?: number;
  /** How long a signed URL is valid. Default: 1 h. */
  readonly urlTtlMs?: number;
  /** How many requests one signed URL allows. Default: no limit. */
  readonly urlUses?: number;
  /** Default: 0, which means any free port. */
  readonly apiPort?: number;
  readonly cdnPort?: number;
  /** How many requests the log keeps. Default: 200,000. */
  readonly logLimit?: number;
}

export interface GoproCloud extends AsyncDisposable {
  /** The address has no slash at its end. */
  readonly apiUrl: string;
  readonly cdnUrl: string;
  /** The latest token, even if it has expired. */
  readonly accessToken: string;
  readonly userId: string;
  readonly library: SimLibrary;
  readonly faults: Omit<FaultSwitch, 'strike'>;
  /** The logged requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  stats(): CloudStats;
  /** Forgets all logged requests and counts. */
  clearLog(): void;
  /** Makes every API request get a 401 from now on. */
  expireToken(): void;
  /** Signs in again. Only the returned token is valid from now on. Default: a new token. */
  renewToken(token?: string): string;
  /** Closes every connection and stops listening. */
  close(): Promise<void>;
}

interface MutableSession {
  accessToken: string;
  readonly userId: string;
  expired: boolean;
  readonly auth: ApiSession['auth'];
}

/** Starts both servers on 127.0.0.1. Rejects with the socket's error if a given port is in use. */
export async function startGoproCloud(options: GoproCloudOptions = {}): Promise<GoproCloud> {
  const session: MutableSession = {
    accessToken: options.accessToken ?? freshToken(),
    userId: options.userId ?? '5a11ed00-0000-4000-8000-00000000c10d',
    expired: false,
    auth: options.auth ?? 'both',
  };
  const context: CloudContext = {
    library: options.library ?? buildLibrary(options.preset ?? 'small', options.presetOptions),
    session,
    perPageCap: options.perPageCap ?? 100,
    signer: createUrlSigner({ secret: freshToken(), ttlMs: options.urlTtlMs ?? 3_600_000, uses: options.urlUses }),
    log: createRequestLog(options.logLimit ?? 200_000),
    faults: createFaultSwitch(options.faults),
    origins: { api: '', cdn: '' },
  };
  const api = await listen((request, response) => answerApi(context, request, response), options.apiPort);
  const cdn = await listen((request, response) => answerCdn(context, request, response), options.cdnPort).catch(
    async (error: unknown) => {
      await api.stop();
      throw error;
    },
  );
  Object.assign(context.origins, { api: api.origin, cdn: cdn.origin });
  return cloudOf(context, session, async () => void (await Promise.all([api.stop(), cdn.stop()])));
}

function cloudOf(context: CloudContext, session: MutableSession, close: () => Promise<void>): GoproCloud {
  const { library, faults, log, origins } = context;
  return {
    apiUrl: origins.api,
    cdnUrl: origins.cdn,
    get accessToken() {
      return session.accessToken;
    },
    userId: session.userId,
    library,
    faults,
    requests: log.requests,
    stats: () => log.stats(),
    clearLog: () => log.clear(),
    expireToken() {
      session.expired = true;
    },
    renewToken(token = freshToken()) {
      session.accessToken = token;
      session.expired = false;
      return token;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Returns a token in the form of a real token: a readable header and four opaque segments, with a
 * few hundred characters.
 */
function freshToken(): string {
  const header = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP', enc: 'A256GCM' })).toString('base64url');
  return [header, ...[256, 12, 80, 16].map((bytes) => randomBytes(bytes).toString('base64url'))].join('.');
}

/** Returns lines that explain how to use the command line with this cloud. */
export function describeUsage(cloud: GoproCloud): string[] {
  return [
    `A simulated GoPro cloud with ${cloud.library.size} media is listening on ${cloud.apiUrl} (files: ${cloud.cdnUrl}).`,
    'To archive it, run in another terminal:',
    '',
    `  export CLOUD_SYNC_GOPRO_API_URL=${cloud.apiUrl}`,
    `  export CLOUD_SYNC_GOPRO_ACCESS_TOKEN=${cloud.accessToken}`,
    `  export CLOUD_SYNC_GOPRO_USER_ID=${cloud.userId}`,
    '  npx cloud-sync sync --provider gopro --to ./archive',
  ];
}
