/**
 * Kills or freezes `video-downloader` in the middle of its work when a test writes `kill` or
 * `freeze` into a file. The functions' processes load this module with `--import`.
 */
import { readFileSync, unlinkSync } from 'node:fs';

const path = process.env['CLOUD_SYNC_TEST_HALT'] ?? '';

function obey(): void {
  try {
    const order = readFileSync(path, 'utf8');
    if (order !== 'kill' && order !== 'freeze') return; // not written to its end yet
    // Deletes the order, because the next invocation must not obey it too.
    unlinkSync(path);
    if (order === 'kill') process.kill(process.pid, 'SIGKILL');
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  } catch {
    // No order exists.
  }
}

if (process.env['AWS_LAMBDA_FUNCTION_NAME']?.endsWith('video-downloader')) setInterval(obey, 20).unref();
