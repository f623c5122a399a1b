import { SyncError } from '../../errors.ts';
import type { OfferedOriginal } from '../../media.ts';
import type { ContentClaim } from '../../proof/claim.ts';
import type { Source } from '../../source/source.ts';
import type { Copy, Transfer } from '../context.ts';
import { checkMediaType, contentLength, parseContentRange, validatorOf, type ReplyFacts, type ServedFile } from './guard.ts';
import type { MediaHosts } from './media-hosts.ts';
import { withFreshUrls } from './medium-urls.ts';

export interface Probe extends ServedFile {
  /** False if the media host answered a range request with the whole file. */
  readonly answersRanges: boolean;
  /** What the provider says of the content. Null if it says nothing. */
  readonly claim: ContentClaim | null;
}

/**
 * Probes an original with its current URLs. Like the request for a part, the probe waits for a
 * slot. Errors: those of `probe` and `withFreshUrls`.
 */
export async function probeWithSlot(
  { hosts, slots, source }: Pick<Transfer, 'hosts' | 'slots' | 'source'>,
  { urls, offerId, order, signal }: Pick<Copy, 'urls' | 'offerId' | 'order' | 'signal'>,
  options: { readonly tryHead: boolean },
): Promise<Probe> {
  const ask = (offered: OfferedOriginal) => probe(hosts, offered, { ...options, source, signal });
  return slots.run(order, () => withFreshUrls(urls, offerId, ask), signal);
}

/**
 * Asks the media host for the true size and the validator of an original. It sends a HEAD request.
 * If that is refused, gives no size or has a weak ETag, it sends a GET for the first byte. Errors:
 * those of MediaHosts; NOT_MEDIA for an empty file or a page.
 */
async function probe(
  hosts: MediaHosts,
  offered: OfferedOriginal,
  { tryHead, source, signal }: { readonly tryHead: boolean; readonly source: Source; readonly signal: AbortSignal },
): Promise<Probe> {
  const { headUrl, extension, claim } = offered;
  const head = tryHead && headUrl !== null ? await probeByHead(hosts, headUrl, extension, signal) : undefined;
  const isUsable = head && !hasWeakEtag(head);
  const { headers, ...answer } = isUsable ? head : await probeByFirstByte(hosts, offered, signal);
  // HEAD may deny the claim of the GET.
  const all = { ...headers, ...head?.headers, ...(headers['etag'] !== undefined && { etag: headers['etag'] }) };
  const stated = source.claimIn?.(headers) && source.claimIn(all);
  return { ...answer, claim: claim ?? stated ?? null };
}

/** A cache may weaken the ETag in its answers to HEAD. */
function hasWeakEtag({ headers }: Answer): boolean {
  return headers['etag']?.startsWith('W/') ?? false;
}

interface Answer extends Omit<Probe, 'claim'> {
  readonly headers: ReplyFacts['headers'];
}

async function probeByHead(
  hosts: MediaHosts,
  headUrl: string,
  extension: string,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  try {
    const reply = await hosts.request('HEAD', headUrl, {}, { signal });
    reply.body.discard();
    const sizeBytes = contentLength(reply.headers);
    // Some hosts answer HEAD with a length of 0 or with a page, but GET with the right length.
    if (reply.status !== 200 || !sizeBytes) return undefined;
    checkMediaType(reply, extension);
    return { sizeBytes, validator: validatorOf(reply.headers), answersRanges: true, headers: reply.headers };
  } catch (error) {
    const refused = error instanceof SyncError && ['URL_REFUSED', 'HTTP_STATUS', 'NOT_MEDIA', 'TOO_LARGE'].includes(error.code);
    if (refused) return undefined;
    throw error;
  }
}

async function probeByFirstByte(hosts: MediaHosts, offered: OfferedOriginal, signal: AbortSignal): Promise<Answer> {
  const reply = await hosts.request('GET', offered.url, { range: 'bytes=0-0' }, { signal });
  reply.body.discard();
  if (reply.status === 416 || contentLength(reply.headers) === 0)
    throw new SyncError('NOT_MEDIA', 'the media host serves an empty file');
  checkMediaType(reply, offered.extension);
  const range = reply.status === 206 ? parseContentRange(reply.headers['content-range']) : undefined;
  const isFirstByte = range?.start === 0 && range.end === 0;
  return {
    sizeBytes: isFirstByte ? range.totalBytes : reply.status === 200 ? contentLength(reply.headers) : null,
    validator: validatorOf(reply.headers),
    answersRanges: isFirstByte,
    headers: reply.headers,
  };
}
