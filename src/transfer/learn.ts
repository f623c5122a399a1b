import { SyncError } from '../errors.ts';
import { checkMediaType, contentLength, parseContentRange, validatorOf, type ServedFile } from './guard.ts';
import type { MediaHosts } from './fetch.ts';
import type { OfferedOriginal } from '../media.ts';

export interface Learned extends ServedFile {
  /** False when the media host answered a range with the whole file. */
  readonly ranges: boolean;
}

/**
 * The true size and validator of an original: from its HEAD URL, or where that is refused or silent about the size, from a GET of
 * its first byte. Errors: as MediaHosts, NOT_MEDIA for an empty file or a page.
 */
export async function learn(
  hosts: MediaHosts,
  offered: OfferedOriginal,
  options: { readonly tryHead: boolean; readonly signal: AbortSignal },
): Promise<Learned> {
  const head =
    options.tryHead && offered.headUrl !== null
      ? await byHead(hosts, offered.headUrl, offered.extension, options.signal)
      : undefined;
  return head ?? byFirstByte(hosts, offered, options.signal);
}

async function byHead(hosts: MediaHosts, headUrl: string, extension: string, signal: AbortSignal): Promise<Learned | undefined> {
  try {
    const reply = await hosts.request('HEAD', headUrl, {}, signal);
    reply.body.discard();
    const sizeBytes = contentLength(reply.headers);
    // Some hosts answer HEAD with a length of 0, or with a page; the GET knows better.
    if (reply.status !== 200 || !sizeBytes) return undefined;
    checkMediaType(reply, extension);
    return { sizeBytes, validator: validatorOf(reply.headers), ranges: true };
  } catch (error) {
    const refused = error instanceof SyncError && ['URL_REFUSED', 'HTTP_STATUS', 'NOT_MEDIA'].includes(error.code);
    if (refused) return undefined;
    throw error;
  }
}

async function byFirstByte(hosts: MediaHosts, offered: OfferedOriginal, signal: AbortSignal): Promise<Learned> {
  const reply = await hosts.request('GET', offered.url, { range: 'bytes=0-0' }, signal);
  reply.body.discard();
  if (reply.status === 416 || contentLength(reply.headers) === 0)
    throw new SyncError('NOT_MEDIA', 'the media host serves an empty file');
  checkMediaType(reply, offered.extension);
  const range = reply.status === 206 ? parseContentRange(reply.headers['content-range']) : undefined;
  const right = range?.start === 0 && range.end === 0;
  return {
    sizeBytes: right ? range.totalBytes : reply.status === 200 ? contentLength(reply.headers) : null,
    validator: validatorOf(reply.headers),
    ranges: right,
  };
}
