/** The options that every client of AWS needs, so that each connection follows the settings. */
import type { AgentOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import { expectSlowAddresses } from './http/slow-addresses.ts';
import { proxyEnvOf, type Proxies } from './http/proxies.ts';

/** How this process reaches AWS, or a store that is compatible with S3. */
export interface AwsNetwork {
  readonly proxies?: Proxies;
  /** The certificates to trust. Default: those that Node trusts. */
  readonly trust?: SecureContext;
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
  // The SDK makes further clients if credentials come from single sign-on. They get `clientConfig`.
  return { requestHandler, clientConfig: { requestHandler } };
}
