import { SyncError } from '../../errors.ts';
import type { OfferedOriginal } from '../../media.ts';
import type { Copy, Transfer } from '../context.ts';
import { checkMediaType, contentLength, parseContentRange, validatorOf, type ServedFile } from './guard.ts';
import type { MediaHosts } from './media-hosts.ts';
import { withFreshUrls } from './medium-urls.ts';

export interface Probe extends ServedFile {
  /** False if the media host answered a range request with the whole file. */
  readonly answersRanges: boolean;
}

/**
 * Probes an original with its current URLs. Like the request for a part, the probe waits for a
 * slot. Errors: those of `probe` and `withFreshUrls`.
 */
export async function probeWithSlot(
  { hosts, slots }: Pick<Transfer, 'hosts' | 'slots'>,
  { urls, offerId, order, signal }: Pick<Copy, 'urls' | 'offerId' | 'order' | 'signal'>,
  options: { readonly tryHead: boolean },
): Promise<Probe> {
  const ask = (offered: OfferedOriginal) => probe(hosts, offered, { ...options, signal });
  return slots.run(order, () => withFreshUrls(urls, offerId, ask), signal);
}

/**
 * Asks the media host for the true size and the validator of an original. It sends a HEAD request.
 * If that is refused or gives no size, it sends a GET for the first byte. Errors: those of
 * MediaHosts; NOT_MEDIA for an empty file or a page.
 */
async function probe(
  hosts: MediaHosts,
  offered: OfferedOriginal,
  options: { readonly tryHead: boolean; readonly signal: AbortSignal },
): Promise<Probe> {
  const head =
    options.tryHead && offered.headUrl !== null
      ? await probeByHead(hosts, offered.headUrl, offered.extension, options.signal)
      : undefined;
  return head ?? probeByFirstByte(hosts, offered, options.signal);
}

async function probeByHead(
  hosts: MediaHosts,
  headUrl: string,
  extension: string,
  signal: AbortSignal,
): Promise<Probe | undefined> {
  try {
    const reply = await hosts.request('HEAD', headUrl, {}, signal);
    reply.body.discard();
    const sizeBytes = contentLength(reply.headers);
    // Some hosts answer HEAD with a length of 0 or with a page, but GET with the right length.
    if (reply.status !== 200 || !sizeBytes) return undefined;
    checkMediaType(reply, extension);
    return { sizeBytes, validator: validatorOf(reply.headers), answersRanges: true };
  } catch (error) {
    const refused = error instanceof SyncError && ['URL_REFUSED', 'HTTP_STATUS', 'NOT_MEDIA', 'TOO_LARGE'].includes(error.code);
    if (refused) return undefined;
    throw error;
  }
}

async function probeByFirstByte(hosts: MediaHosts, offered: OfferedOriginal, signal: AbortSignal): Promise<Probe> {
  const reply = await hosts.request('GET', offered.url, { range: 'bytes=0-0' }, signal);
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
  };
}
