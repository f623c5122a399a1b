import { proxyFor, type Proxies } from './proxies.ts';

/** What to do if a proxy refuses a request. */
export const proxyHint =
  'Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY. A proxy that wants a password needs the form http://user:password@host:port.';
const trustHint =
  'If a proxy, a firewall or your own authority signs the certificate, name the file of that authority in NODE_EXTRA_CA_CERTS, or for S3 and AWS in AWS_CA_BUNDLE.';

const untrusted = /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_|ERR_TLS_CERT_)/;

/**
 * Returns what to do about an error of a connection. `url` is the address of the request. Undefined
 * if neither a proxy nor a certificate can have caused the error.
 */
export function connectionHint(error: unknown, url?: URL, proxies?: Proxies): string | undefined {
  const all = causes(error);
  if (all.some(({ code }) => untrusted.test(code))) return trustHint;
  if (all.some(({ message }) => message.includes('407'))) return proxyHint;
  const proxy = url && proxyFor(url, proxies);
  if (proxy) return hintOfProxy(url, proxy);
  return all.some(({ code, message }) => code === 'ERR_PROXY_TUNNEL' || /\bproxy\b/i.test(message)) ? proxyHint : undefined;
}

const ownNetwork =
  /^(localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[(::1\]|f[cde]))|\.(local|localhost|lan|internal|home\.arpa)$/i;

/** What to do if a request through a proxy fails. Names the variables to change. */
function hintOfProxy({ protocol, hostname }: URL, { host }: URL): string {
  const variable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const way = `The request goes through the proxy ${host} of ${variable}.`;
  const name = hostname.replaceAll(/[[\]]/g, '');
  const isNear = ownNetwork.test(hostname) || !/[.:]/.test(hostname);
  return isNear
    ? `${way} ${name} is in your own network: set NO_PROXY=${name} to reach it directly, or check the proxy.`
    : `${way} Check the proxy and the network, or add ${name} to NO_PROXY if no proxy is needed.`;
}

/** Lists an error and its causes, each with its code. Node and undici nest them differently. */
export function causes(error: unknown): { readonly code: string; readonly message: string }[] {
  if (!(error instanceof Error)) return [];
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [{ code, message: error.message }, ...[...inner, error.cause].flatMap(causes)];
}
