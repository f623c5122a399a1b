/**
 * Moves the wall clock of the process by CLOCK_AHEAD_MS. `node --import` loads this file into the
 * process of the command line. Timers and the monotonic clock stay as they are.
 */
const aheadMs = Number(process.env['CLOCK_AHEAD_MS'] ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + aheadMs;
