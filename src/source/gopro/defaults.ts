/** Defaults for GoPro that local runs and runs on AWS share. */

export const defaultApiUrl = 'https://api.gopro.com';

/**
 * Whether signed URLs and redirects may be plain http. They may if the address of the API is plain
 * http, so no spelling of an https address allows it.
 */
export function allowsPlainHttp(apiUrl: string): boolean {
  return URL.parse(apiUrl)?.protocol === 'http:';
}

export const defaultRequestsPerSecond = 4;

/** The name under which the tracker stores how the account's requests are authorised. */
export const authModeFact = 'gopro.auth-mode';
