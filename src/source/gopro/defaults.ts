/** Defaults for GoPro that local runs and runs on AWS share. */

export const defaultApiUrl = 'https://api.gopro.com';

export const defaultRequestsPerSecond = 4;

/** The name under which the tracker stores how the account's requests are authorised. */
export const authModeFact = 'gopro.auth-mode';
