/**
 * Simulates a full or failing disk in the process of the command line, with `node --import`. After
 * FAIL_AFTER_BYTES bytes every write to an open file fails with the error code FAIL_WITH.
 */
import { beforeWrites } from './before-writes.ts';

const code = process.env['FAIL_WITH'] ?? 'ENOSPC';
let leftBytes = Number(process.env['FAIL_AFTER_BYTES'] ?? 0);

await beforeWrites((sizeBytes) => {
  leftBytes -= sizeBytes;
  return leftBytes < 0 ? code : undefined;
});
