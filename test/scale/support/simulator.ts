import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GoproCloudOptions } from '../../../src/sim/gopro/index.ts';
import type { Answer, Calls, CloudCounts, Question } from './simulator-process.ts';

export interface FarCloud extends AsyncDisposable {
  readonly userId: string;
  /** The environment that points the command line at the simulator. */
  readonly environment: Readonly<Record<string, string>>;
  counts(): Promise<CloudCounts>;
  clear(): Promise<void>;
  /** CRC32 of the library's largest original, computed by the simulator. */
  crc32(): Promise<number>;
  /** Computes the ETags of all originals, so that no measured request has to wait for this. */
  computeEtags(): Promise<void>;
}

/** A simulated cloud in a process of its own. */
export async function startFarCloud(options: Omit<GoproCloudOptions, 'library'>): Promise<FarCloud> {
  const simulator = startProcess();
  const { apiUrl, accessToken, userId } = await simulator.ask('startCloud', options);
  return {
    userId,
    environment: {
      CLOUD_SYNC_GOPRO_API_URL: apiUrl,
      CLOUD_SYNC_GOPRO_ACCESS_TOKEN: accessToken,
      CLOUD_SYNC_GOPRO_USER_ID: userId,
      CLOUD_SYNC_GOPRO_API_RPS: '1000',
    },
    counts: async () => simulator.ask('counts'),
    clear: async () => simulator.ask('clear'),
    crc32: async () => simulator.ask('crc32'),
    computeEtags: async () => simulator.ask('computeEtags'),
    [Symbol.asyncDispose]: simulator.end,
  };
}

/**
 * Starts a store with the bucket `archive` in its own process. It keeps no bytes of large objects.
 * With `md5` its entity tags are MD5s, as on S3.
 */
export async function startFarStore({ md5 = false } = {}): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const simulator = startProcess();
  const { endpoint } = await simulator.ask('startStore', { buckets: ['archive'], discard: true, md5 });
  return { endpoint, [Symbol.asyncDispose]: simulator.end };
}

function startProcess() {
  const child = fork(fileURLToPath(new URL('simulator-process.ts', import.meta.url)), { execArgv: [] });
  let questions = 0;

  async function ask<Name extends keyof Calls>(
    call: Name,
    argument?: Parameters<Calls[Name]>[0],
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    const id = (questions += 1);
    child.send({ id, call, argument } satisfies Question);
    const { result, error } = await answerTo(child, id);
    if (error !== undefined) throw new Error(`the simulator: ${error}`);
    return result as Awaited<ReturnType<Calls[Name]>>;
  }

  async function end(): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  return { ask, end };
}

async function answerTo(child: ChildProcess, id: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const take = (answer: Answer) => void (answer.id === id && resolve(answer));
  const fail = () => reject(new Error('the simulator ended'));
  child.on('message', take).on('exit', fail);
  return promise.finally(() => child.off('message', take).off('exit', fail));
}
