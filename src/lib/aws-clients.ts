/** The options that every client of AWS needs, so that each connection follows the settings. */
import type { AgentOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import { expectSlowAddresses } from './http/slow-addresses.ts';
import { proxyEnvOf, proxyFor, type Proxies } from './http/proxies.ts';
import { retryAfterMs } from './retry.ts';

/** How this process reaches AWS, or a store that is compatible with S3. */
export interface AwsNetwork {
  readonly proxies?: Proxies;
  /** The certificates to trust. Default: those that Node trusts. */
  readonly trust?: SecureContext;
  /** Why a file that may hold credentials cannot be read. */
  readonly unreadable?: string;
}

/** Returns the options of an agent of node:http or node:https. */
export function agentOptions({ proxies, trust }: AwsNetwork): AgentOptions {
  expectSlowAddresses();
  // An agent would offer a TLS session again after the server closed a connection because of it.
  const sessions = { maxCachedSessions: 0 };
  return { ...sessions, ...(proxies && { proxyEnv: proxyEnvOf(proxies) }), ...(trust && { secureContext: trust }) };
}

interface TimeLimits {
  /** The time to open a connection, in ms. */
  readonly connectionTimeout: number;
  /** The time to wait for a reply, in ms. */
  readonly requestTimeout: number;
}

/** Returns options for the constructor of a client of the AWS SDK. */
export function awsClientOptions(network: AwsNetwork, limits: TimeLimits) {
  const agent = { keepAlive: true, maxSockets: 50, ...agentOptions(network) };
  const requestHandler = { ...limits, throwOnRequestTimeout: true, httpAgent: agent, httpsAgent: agent };
  const extensions = [{ configure: (client: ExtendedClient) => explainReplies(client.httpHandler(), network.proxies) }];
  // The SDK makes further clients if credentials come from single sign-on. They get `clientConfig`.
  return { requestHandler, extensions, clientConfig: { requestHandler, extensions } };
}

export interface ExtendedClient {
  httpHandler(): RequestHandler;
}

/** The part of the SDK's request handler that sends. */
interface RequestHandler {
  handle(request: SdkRequest, options?: object): Promise<{ readonly response: { headers: Record<string, string> } }>;
}

interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}

/**
 * Makes each reply state its Retry-After in seconds. The SDK would compare a date with the clock of
 * this machine, which may be wrong. Also makes the errors of connections name the proxy.
 */
function explainReplies(handler: RequestHandler, proxies: Proxies | undefined): void {
  const handle = handler.handle.bind(handler);
  handler.handle = async (request, options) => {
    const reply = await handle(request, options).catch((error: unknown) => {
      const { protocol, hostname, port } = request;
      const proxy = proxyFor(new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}`), proxies);
      if (proxy && error instanceof Error) error.message += ` (through the proxy ${proxy.host})`;
      throw error;
    });
    const { headers } = reply.response;
    const waitMs = retryAfterMs(headers, Date.now());
    if (waitMs !== undefined) headers['retry-after'] = String(waitMs / 1000);
    return reply;
  };
}
