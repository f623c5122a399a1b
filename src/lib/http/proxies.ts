/** Decides which requests go through a proxy. Every client of the program follows these rules. */
/** The proxies of this process. A scheme without a proxy is requested directly. */
export interface Proxies {
  /** The proxy for addresses that begin with http:. */
  readonly http?: URL;
  /** The proxy for addresses that begin with https:. */
  readonly https?: URL;
  /** The hosts that are requested directly, as `parseNoProxy` returns them. */
  readonly bypass: readonly string[];
}

/** Returns the proxy for a request, or undefined if the request goes directly to its host. */
export function proxyFor(url: URL, proxies: Proxies | undefined): URL | undefined {
  const proxy = url.protocol === 'https:' ? proxies?.https : proxies?.http;
  return proxy && !proxies?.bypass.some((entry) => isCovered(url, entry)) ? proxy : undefined;
}

/** Returns the option `proxyEnv` of Node's agents, which then follow the same rules. */
export function proxyEnvOf({ http, https, bypass }: Proxies): Readonly<Record<string, string>> {
  return {
    ...(http && { HTTP_PROXY: http.href }),
    ...(https && { HTTPS_PROXY: https.href }),
    NO_PROXY: bypass.join(','),
  };
}

/**
 * Reads NO_PROXY: names and addresses, with or without a port, ranges such as 10.0.0.0/8, and `*`.
 * A name without a port also covers its subdomains. Returns the entries in the form that Node's
 * agents understand.
 */
export function parseNoProxy(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const host = entry.replaceAll(/[[\]]/g, '');
      if (/[*:]|^[\d.]+-[\d.]+$/.test(host)) return host;
      return host.includes('/') ? rangeOf(host) : `.${host.replace(/^\.|\.$/g, '')}`;
    });
}

/** Returns a subnet of IPv4 as `first-last`. Returns any other text unchanged. */
function rangeOf(subnet: string): string {
  const [address = '', prefix = ''] = subnet.split('/');
  const number = numberOf(address);
  if (Number.isNaN(number) || !/^([12]?\d|3[0-2])$/.test(prefix)) return subnet;
  const size = 2 ** (32 - Number(prefix));
  const first = number - (number % size);
  return [first, first + size - 1].map(addressOf).join('-');
}

/** Returns an address of IPv4 as a number. Returns NaN for any other text. */
function numberOf(address: string): number {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return NaN;
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function isCovered({ hostname, port, protocol }: URL, entry: string): boolean {
  const host = hostname.replaceAll(/[[\]]/g, '');
  const hostAndPort = `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
  if (entry === '*' || entry === host || entry === hostAndPort) return true;
  if (entry.startsWith('.')) return `.${host}`.endsWith(entry);
  if (entry.startsWith('*.')) return host.endsWith(entry.slice(1));
  const [first = NaN, last = NaN] = entry.split('-').map(numberOf);
  return numberOf(host) >= first && numberOf(host) <= last;
}
