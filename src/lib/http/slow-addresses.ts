import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/**
 * Sets how long a connection to one address may take while the host has further addresses, for all
 * connections of the process. Node waits only 250 ms, which fails on a slow line whose other
 * address family does not work. 2.5 s survive a lost packet.
 */
export function expectSlowAddresses(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(2_500);
}
