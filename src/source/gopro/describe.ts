/** Describes an unexpected reply without values, queries or secrets. */
import { causes } from '../../lib/http/index.ts';

const networkCauses: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved (DNS)',
  EAI_AGAIN: 'its name cannot be resolved at the moment (DNS)',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'this computer is offline',
  CERT_HAS_EXPIRED: "its TLS certificate has expired (or this computer's clock is wrong)",
  CERT_NOT_YET_VALID: "its TLS certificate is not valid yet (or this computer's clock is wrong)",
};

/**
 * Says in a clause why no reply came. Node and undici put the code of an error in different places.
 */
export function describeNetworkError(error: unknown): string {
  for (const { code } of causes(error)) {
    const known = networkCauses[code];
    if (known !== undefined) return known;
    if (/CERT|TLS|SSL|UNABLE_TO_|SELF_SIGNED/.test(code)) return `a secure connection is not possible (TLS: ${code})`;
    if (code.startsWith('HPE_')) return `it does not speak HTTP (${code})`;
  }
  return error instanceof Error && error.message !== '' ? error.message : 'the connection broke';
}

/**
 * Describes parsed JSON by its keys and the types of its values, for example `{_pages:
 * {total_items: string}, media: 3 of {id: null}}`.
 */
export function describeShape(value: unknown, depth = 3): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `${value.length} of ${describeShape(value[0], depth - 1)}`;
  const entries = Object.entries(value);
  const shown = entries.slice(0, 12).map(([key, field]) => `${describeKey(key)}: ${describeShape(field, depth - 1)}`);
  return `{${shown.join(', ')}${entries.length > shown.length ? ', …' : ''}}`;
}

/** Hides a key that is not a plain word, because it may be data such as an id or a token. */
function describeKey(key: string): string {
  return /^[A-Za-z_]{1,32}$/.test(key) ? key : '…';
}
