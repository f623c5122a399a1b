/**
 * Signed URLs like those of a CDN, with `Expires`, `Signature` and `Key-Pair-Id`. Each URL is
 * signed for one method.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type SignedMethod = 'GET' | 'HEAD';

/**
 * `denied`: the signature is missing, wrong, or for another method. `expired`: the request is too
 * late, or the URL was used too often.
 */
export type UrlVerdict = 'ok' | 'denied' | 'expired';

export interface UrlSigner {
  /** Signs a path with its query. Returns the path without a host. */
  sign(path: string, method: SignedMethod): string;
  /**
   * Checks the signature of a request, and counts the request as one use of its URL. With `use:
   * false` the request is not counted.
   */
  check(method: string, url: URL, options?: { readonly use?: boolean }): UrlVerdict;
}

export interface UrlSignerOptions {
  readonly secret: string;
  readonly ttlMs: number;
  /** How many requests one URL allows. Default: no limit. */
  readonly uses?: number | undefined;
}

const REMEMBERED_URLS = 100_000;

/**
 * Creates a signer whose URLs are valid for exactly `ttlMs`. The visible `Expires` is rounded up to
 * full seconds.
 */
export function createUrlSigner(options: UrlSignerOptions): UrlSigner {
  const usesBySerial = new Map<string, number>();
  let issued = 0;

  function signature(method: string, path: string, expiresMs: number, serial: string): string {
    return createHmac('sha256', options.secret).update(`${method}\n${path}\n${expiresMs}\n${serial}`).digest('base64url');
  }

  function used(serial: string): boolean {
    if (options.uses === undefined) return false;
    const count = (usesBySerial.get(serial) ?? 0) + 1;
    if (count === 1 && usesBySerial.size >= REMEMBERED_URLS) usesBySerial.delete(usesBySerial.keys().next().value ?? '');
    usesBySerial.set(serial, count);
    return count > options.uses;
  }

  return {
    sign(path, method) {
      issued += 1;
      const expiresMs = Date.now() + options.ttlMs;
      const serial = issued.toString(36);
      const query = new URLSearchParams({
        Expires: String(Math.ceil(expiresMs / 1000)),
        Signature: signature(method, path, expiresMs, serial),
        'Key-Pair-Id': 'KSIMULATEDCDN',
        Issue: `${expiresMs.toString(36)}.${serial}`,
      });
      return `${path}?${query.toString()}`;
    },
    check(method, url, { use = true } = {}) {
      const [expires = '', serial = ''] = (url.searchParams.get('Issue') ?? '').split('.');
      const expiresMs = Number.parseInt(expires, 36);
      const expected = Buffer.from(signature(method, url.pathname, expiresMs, serial));
      const given = Buffer.from(url.searchParams.get('Signature') ?? '');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'denied';
      if (Date.now() > expiresMs || (use && used(serial))) return 'expired';
      return 'ok';
    },
  };
}
