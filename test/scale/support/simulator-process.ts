/**
 * Runs a simulator in its own process, so that the measured cost is the cost of the program alone.
 * simulator.ts starts this process and calls it.
 */
import { crc32Of } from '../../../src/sim/content.ts';
import { etagOf } from '../../../src/sim/etag.ts';
import { startGoproCloud, type GoproCloud, type GoproCloudOptions } from '../../../src/sim/gopro/index.ts';
import type { SimFile } from '../../../src/sim/gopro/library/library.ts';
import { startS3Store, type S3StoreOptions } from '../../s3-server/index.ts';

export interface CloudAddress {
  readonly apiUrl: string;
  readonly accessToken: string;
  readonly userId: string;
}

export interface CloudCounts {
  readonly apiRequests: number;
  /** The number of API requests that ask for a single medium. */
  readonly requestsPerMedium: number;
  readonly mediaBytes: number;
}

/** The calls and the types of their answers. */
export interface Calls {
  startCloud(options: Omit<GoproCloudOptions, 'library'>): Promise<CloudAddress>;
  startStore(options: S3StoreOptions): Promise<{ readonly endpoint: string }>;
  /** Counts since the start or the last `clear`. */
  counts(): Promise<CloudCounts>;
  clear(): Promise<void>;
  /** CRC32 of the library's largest original. */
  crc32(): Promise<number>;
  /** Computes the ETags of all originals, so that no measured request has to wait for this. */
  computeEtags(): Promise<void>;
}

export interface Question {
  readonly id: number;
  readonly call: keyof Calls;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

let cloud: GoproCloud | undefined;

function theCloud(): GoproCloud {
  if (!cloud) throw new Error('no cloud was started');
  return cloud;
}

const calls: Calls = {
  startCloud: async (options) => {
    cloud = await startGoproCloud(options);
    const { apiUrl, accessToken, userId } = cloud;
    return { apiUrl, accessToken, userId };
  },
  startStore: async (options) => ({ endpoint: (await startS3Store(options)).endpoint }),
  counts: async () => {
    const { requests } = theCloud().stats();
    const count = (...endpoints: readonly string[]) => endpoints.reduce((sum, name) => sum + (requests[name] ?? 0), 0);
    // Adds up the bytes in the log, because the statistics leave out replies that still run.
    const mediaBytes = theCloud().requests.reduce((sum, { host, bytesSent }) => sum + (host === 'cdn' ? bytesSent : 0), 0);
    const requestsPerMedium = count('download', 'medium');
    return {
      apiRequests: requestsPerMedium + count('search', 'user', 'notReady', 'moments', 'other'),
      requestsPerMedium,
      mediaBytes,
    };
  },
  clear: async () => theCloud().clearLog(),
  crc32: async () => {
    const [largest] = originals().toSorted((a, b) => b.sizeBytes - a.sizeBytes);
    if (!largest) throw new Error('the library is empty');
    return crc32Of(largest);
  },
  computeEtags: async () => {
    for (const file of originals()) await etagOf(file, file.stored);
  },
};

function originals(): readonly SimFile[] {
  const files = [...theCloud().library.media()].flatMap((medium) => medium.files);
  return files.filter(({ original }) => original !== undefined);
}

process.on('message', ({ id, call, argument }: Question) => {
  // simulator.ts makes sure that the argument has the type for this call.
  const ask = calls[call] as (argument: unknown) => Promise<unknown>;
  ask(argument).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, error: String(error) }),
  );
});

function answer(reply: Answer): void {
  process.send?.(reply);
}

process.on('disconnect', () => process.exit());
