/** Checks of this machine: the home, the network and the clock. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/load.ts';
import { systemClock } from '../../lib/clock.ts';
import { connectionHint, proxyFor } from '../../lib/http/index.ts';
import { clean } from '../../lib/log.ts';
import { replyTimeMs } from '../../lib/reply-date.ts';
import { probeFolder } from '../../lib/files/sqlite-folder.ts';
import { systemErrorCode } from '../../lib/files/system-error.ts';
import { formatDuration } from '../../report/figures.ts';
import { openApiClient } from '../provider.ts';
import { check, type Finding } from './finding.ts';
import { refusalOfWrites } from './refusal.ts';

/** If the clocks differ by this time or more, ages and dates are wrong. */
const maxSkewMs = 60_000;
/** If the clocks differ by this time or more, S3 refuses this machine's signatures. */
const minRefusedSkewMs = 15 * 60_000;

export async function checkHome({ home }: Config): Promise<readonly Finding[]> {
  return check('home', async () => {
    const found = await stat(home).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const refusal = found && !found.isDirectory() ? 'it is no directory' : await refusalOfWrites(await existingParent(home));
    if (refusal !== undefined) {
      const advice = 'Correct its permissions, or set CLOUD_SYNC_HOME to another directory.';
      return [{ level: 'fail', message: `${home} cannot be written to: ${refusal}`, advice }];
    }
    if (!found) return [{ level: 'ok', message: `${home} (does not exist yet; created when needed)` }];
    const trackers = checkTrackers(home);
    if (trackers) return [trackers];
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
      return [{ level: 'warn', message: `other users of this machine can read ${home}`, advice: `Run: chmod 700 "${home}"` }];
    }
    return [{ level: 'ok', message: home }];
  });
}

/** Returns the directory itself if it exists, or else the nearest parent that exists. */
async function existingParent(directory: string): Promise<string> {
  const parent = dirname(directory);
  return stat(directory).then(
    () => directory,
    async (error: unknown) => (systemErrorCode(error) === 'ENOENT' && parent !== directory ? existingParent(parent) : directory),
  );
}

/** Finds what the trackers miss in the home. Returns undefined if they miss nothing. */
function checkTrackers(home: string): Omit<Finding, 'subject'> | undefined {
  const advice = 'Set CLOUD_SYNC_HOME to a directory on a disk of this machine.';
  const { locksFiles, sharesMemory } = probeFolder(home);
  if (!locksFiles)
    return { level: 'fail', message: `${home} cannot hold a tracker, because its file system cannot lock files`, advice };
  if (sharesMemory) return undefined;
  return { level: 'warn', message: `${home} is a network folder or one like it, so the tracker is slower there`, advice };
}

/** Checks that the API answers, and compares the clocks. Sends no credentials. */
export async function checkNetwork(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const url = new URL(config.settings['gopro-api-url']);
  const client = openApiClient(config);
  try {
    const startedAtMs = systemClock.now();
    const { headers, body } = await client.request(url, { stallMs: config.settings['stall-timeout-ms'], signal });
    const tookMs = systemClock.now() - startedAtMs;
    body.discard();
    const proxy = proxyFor(url, config.proxies);
    const through = proxy === undefined ? '' : ` through the proxy ${clean(proxy.host)}`;
    return [
      { level: 'ok', subject: 'network', message: `${url.host} answers${through} within ${formatDuration(tookMs)}` },
      checkClock(headers['date'], startedAtMs + tookMs / 2),
    ];
  } catch (error) {
    const advice =
      connectionHint(error, url, config.proxies) ??
      'Check the network connection, the firewall, and HTTPS_PROXY if you need a proxy.';
    return [{ level: 'fail', subject: 'network', message: `${url.host} cannot be reached: ${(error as Error).message}`, advice }];
  } finally {
    await client.close();
  }
}

/**
 * Compares two clocks. `date` is the API's time at the moment when this machine's clock showed
 * `localMs`.
 */
export function checkClock(date: string | undefined, localMs: number): Finding {
  const apiMs = replyTimeMs(date);
  if (apiMs === null)
    return {
      level: 'warn',
      subject: 'clock',
      message: 'the API does not say the time',
      advice: 'Check the clock of this machine yourself.',
    };
  const skewMs = localMs - apiMs;
  const sizeMs = Math.abs(skewMs);
  if (sizeMs < maxSkewMs) return { level: 'ok', subject: 'clock', message: 'agrees with the clock of the API' };
  const message = `the clock of this machine is ${formatDuration(Math.round(sizeMs / 1000) * 1000)} ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return {
    level: sizeMs < minRefusedSkewMs ? 'warn' : 'fail',
    subject: 'clock',
    message,
    advice: 'Turn on automatic date and time. S3 refuses requests from a clock that is 15 minutes off.',
  };
}
