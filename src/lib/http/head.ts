import { validateHeaderName, validateHeaderValue } from './node-http.ts';

/** The head of an HTTP/1.1 reply (RFC 9112), as far as the raw client understands it. */
export interface Head {
  readonly status: number;
  /** The headers. Their names are in lower case. Repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null if the reply does not state its length, or states it ambiguously. */
  readonly lengthBytes: number | null;
  readonly keepsAlive: boolean;
}

/** The text of a request without a body. Throws a TypeError for an invalid header. */
export function requestText(method: 'GET' | 'HEAD', url: URL, headers: Readonly<Record<string, string>>): string {
  // In a URL the host, path and query are escaped, so they contain no space and no line break.
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, 'connection: keep-alive'];
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0-\x08\n-\x1f\x7f]*)$/;

/** Reads a head without its empty line. Returns undefined if the head is irregular in any way. */
export function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\0-\x08\n-\x1f\x7f]*)?$/.exec(first);
  if (!statusLine) return undefined;
  // The object has no prototype, because a host may send a header named `constructor`.
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const match = headerLine.exec(line);
    if (!match) return undefined;
    const name = (match[1] ?? '').toLowerCase();
    const value = (match[2] ?? '').trimEnd();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return {
    status: Number(statusLine[2]),
    headers,
    lengthBytes: lengthOf(headers),
    keepsAlive: statusLine[1] === '1' && !/\bclose\b/i.test(headers['connection'] ?? ''),
  };
}

/**
 * The length that the headers state. Null if they also state a transfer coding or a second length.
 */
function lengthOf(headers: Head['headers']): number | null {
  const length = headers['content-length'];
  if (length === undefined || headers['transfer-encoding'] !== undefined) return null;
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/**
 * Whether the raw client can read the body. The body of an error may have any encoding, because
 * nobody reads it.
 */
export function isPlain({ status, headers, lengthBytes }: Head): boolean {
  if (lengthBytes === null) return false;
  if (status >= 300) return true;
  return (status === 200 || status === 206) && (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity';
}
