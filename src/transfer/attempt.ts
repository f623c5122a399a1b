import type { FileDescription, UploadState } from '../destination/destination.ts';
import { SyncError } from '../errors.ts';
import type { Reply } from '../lib/http/index.ts';
import type { OfferedOriginal } from '../media.ts';
import type { Claim, TrackedOriginal } from '../tracker/tracker.ts';
import type { MediumSet } from './describe.ts';
import { checkReply, ifRange, type Asked } from './guard.ts';
import { learn, type Learned } from './learn.ts';
import type { MediumUrls } from './medium-urls.ts';
import type { Patience } from './patience.ts';
import type { TransferPorts } from './ports.ts';

/** One original on its way from claim to completion. */
export interface Job {
  readonly tracked: TrackedOriginal;
  readonly claim: Claim;
  readonly set: MediumSet;
  readonly urls: MediumUrls;
  /** Earlier files get their parts first. */
  readonly order: number;
}

/** What the attempts at one original have in common. */
export interface Attempt {
  readonly job: Job;
  readonly ports: TransferPorts;
  readonly patience: Patience;
  readonly file: FileDescription;
  readonly learned: Learned;
  readonly state: UploadState;
  /** Whether finished parts are worth recording. */
  readonly resumable: boolean;
  /** The id by which its medium's URLs know it. */
  readonly offerId: string;
  readonly signal: AbortSignal;
}

/** Runs `use` with an original's present URLs; if they are refused, they are renewed before the error goes on. */
export async function withRenewal<Result>(
  urls: MediumUrls,
  offerId: string,
  use: (offered: OfferedOriginal) => Promise<Result>,
): Promise<Result> {
  const { offered, generation } = await urls.offer(offerId);
  try {
    return await use(offered);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'URL_REFUSED') await urls.renew(generation);
    throw error;
  }
}

/** Learns an original's size and validator; a request like those for its parts, so it waits for a free slot like them. */
export async function learnInTurn(
  of: { readonly urls: MediumUrls; readonly offerId: string; readonly order: number },
  ports: TransferPorts,
  options: Parameters<typeof learn>[2],
): Promise<Learned> {
  const { urls, offerId, order } = of;
  return ports.slots.run(
    order,
    () => withRenewal(urls, offerId, (offered) => learn(ports.hosts, offered, options)),
    options.signal,
  );
}

/**
 * Asks for a range of an original, or for the whole (`null`). The reply is that and nothing else; what it lacks is to be seen at its end. Errors:
 * as MediaHosts and checkReply.
 */
export async function requestBytes(
  { ports, learned, signal }: Attempt,
  { url, extension }: OfferedOriginal,
  range: Asked['range'],
): Promise<Reply> {
  const condition = range && range.start > 0 ? ifRange(learned.validator) : undefined;
  const headers = {
    ...(range && { range: `bytes=${range.start}-${range.end}` }),
    ...(condition !== undefined && { 'if-range': condition }),
  };
  const reply = await ports.hosts.request('GET', url, headers, signal);
  try {
    checkReply(reply, { range, known: learned, extension });
    return reply;
  } catch (error) {
    reply.body.discard();
    throw error;
  }
}

/** Tells that an original goes on after a failure. */
export function sayAgain(job: Job, ports: TransferPorts, error: SyncError, delayMs: number): void {
  const { id, original } = job.tracked;
  const about = { id, key: original.key, code: error.code, reason: error.message };
  ports.report(error.decision === 'restart' ? { type: 'file.restarted', ...about } : { type: 'file.retried', ...about, delayMs });
}
