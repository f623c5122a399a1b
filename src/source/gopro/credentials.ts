import { SyncError, type Hint } from '../../errors.ts';
import { rememberSecret } from '../../lib/redact.ts';

/**
 * How a request identifies the account: with the two cookies of the browser, or with the token as a
 * bearer token.
 */
export type AuthMode = 'cookies' | 'bearer';

export interface GoproCredentials {
  /** The value of the cookie `gp_access_token`; opaque. */
  readonly accessToken: string;
  /** The value of the cookie `gp_user_id`; opaque. Some accounts work without it. */
  readonly userId?: string;
  /** The user agent of the browser that the cookies come from. */
  readonly userAgent?: string;
}

const defaultUserAgent =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

/** The API answers 406 to a request with any other media type or with none. */
const mediaType = 'application/vnd.gopro.jk.media+json; version=2.0.0';

export const renewHint: Hint = {
  text: 'Sign in at gopro.com and renew the credentials with {command}.',
  command: 'login gopro',
};

/**
 * Throws CREDENTIALS_MISSING if a header cannot contain the credentials. Registers the token as a
 * secret, which removes the token from all output.
 */
export function checkCredentials(credentials: GoproCredentials): void {
  rememberSecret(credentials.accessToken);
  const wrong = !isCookieValue(credentials.accessToken)
    ? 'access token'
    : credentials.userId !== undefined && !isCookieValue(credentials.userId)
      ? 'user id'
      : undefined;
  if (wrong === undefined) return;
  const message = `The GoPro ${wrong} is empty or holds characters that no cookie can hold`;
  throw new SyncError('CREDENTIALS_MISSING', message, { hint: renewHint });
}

/**
 * The headers of an API request. If Origin or Referer is wrong, the API answers 500 and not 401.
 */
export function requestHeaders(credentials: GoproCredentials, mode: AuthMode): Record<string, string> {
  return {
    accept: mediaType,
    'accept-encoding': 'identity',
    'accept-language': 'en-US,en;q=0.9',
    origin: 'https://gopro.com',
    referer: 'https://gopro.com/',
    'user-agent': /^[ -~]+$/.test(credentials.userAgent ?? '') ? credentials.userAgent! : defaultUserAgent,
    ...(mode === 'bearer' ? { authorization: `Bearer ${credentials.accessToken}` } : { cookie: cookiePair(credentials) }),
  };
}

function cookiePair({ accessToken, userId }: GoproCredentials): string {
  return userId === undefined ? `gp_access_token=${accessToken}` : `gp_access_token=${accessToken}; gp_user_id=${userId}`;
}

/** Visible ASCII without quotes, comma, semicolon and backslash (RFC 6265, 4.1.1). */
function isCookieValue(value: string): boolean {
  return /^[!#-+\--:<-[\]-~]+$/.test(value);
}
