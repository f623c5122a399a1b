/** What both engines assume of GoPro by default. */

export const defaultApiUrl = 'https://api.gopro.com';

export const defaultRequestsPerSecond = 4;

/** The tracker's fact that stores how the account's requests are authorised. */
export const authModeFact = 'gopro.auth-mode';
