/** What both engines assume of GoPro unless they are told otherwise. */

export const defaultApiUrl = 'https://api.gopro.com';

export const defaultRequestsPerSecond = 4;

/** The tracker's fact that remembers how the account's requests are authorised. */
export const authModeFact = 'gopro.auth-mode';
