import type { Destination, PartWriter } from '../../destination/destination.ts';
import type { HttpClient } from '../../lib/http/index.ts';
import type { Span } from '../../lib/span.ts';
import type { Source } from '../../source/source.ts';
import type { Metrics } from './metrics.ts';

/**
 * Puts spans around the calls of sources, destinations and HTTP clients. The core and the adapters
 * do not know about spans.
 */

export function tracedSource(source: Source, span: Span): Source {
  const call = <Result>(operation: string, work: () => Promise<Result>) => span('gopro_api_call', { operation }, work);
  return {
    provider: source.provider,
    account: source.account,
    validate: (signal) => call('validate', () => source.validate(signal)),
    async *list(page, signal) {
      const pages = source.list(page, signal)[Symbol.asyncIterator]();
      for (;;) {
        const next = await call('list', () => pages.next());
        if (next.done) return;
        yield next.value;
      }
    },
    get: (mediaId, signal) => call('get', () => source.get(mediaId, signal)),
    resolve: (mediaId, roles, signal) => call('resolve', () => source.resolve(mediaId, roles, signal)),
    ...(source.claimIn && { claimIn: (headers) => source.claimIn!(headers) }),
  };
}

export function tracedDestination(destination: Destination, span: Span): Destination {
  return {
    ...destination,
    writePart: (file, state, number, sizeBytes) => {
      const writer = destination.writePart(file, state, number, sizeBytes);
      return tracedWriter(writer, span, { key: file.original.key, part: number, bytes: sizeBytes ?? 0 });
    },
    commit: (file, state, parts, whole) => {
      const about = { key: file.original.key, parts: parts.length, bytes: whole.sizeBytes };
      return span('s3_complete_multipart_upload', about, () => destination.commit(file, state, parts, whole));
    },
  };
}

/**
 * Traces the writer of a part. The span begins when the writer is created, and ends when the part
 * is stored. If the part is abandoned, its span ends as failed.
 */
function tracedWriter(writer: PartWriter, span: Span, about: Parameters<Span>[1]): PartWriter {
  const written = Promise.withResolvers<void>();
  written.promise.catch(() => {}); // the writer itself reports the error to its caller
  span('s3_upload_part', about, () => written.promise).catch(() => {});
  return {
    write: (chunk) => writer.write(chunk),
    end: async (crc32) => {
      try {
        const part = await writer.end(crc32);
        written.resolve();
        return part;
      } catch (error) {
        written.reject(error);
        throw error;
      }
    },
    abort: () => {
      written.reject(new Error('abandoned'));
      writer.abort();
    },
  };
}

/** Traces downloads. The span of a download lasts until the end of its body. */
export function tracedHttp(http: HttpClient, span: Span, metrics: Metrics): HttpClient {
  return {
    close: () => http.close(),
    request: async (url, options) => {
      const method = options.method ?? 'GET';
      if (method === 'HEAD') return http.request(url, options);
      const ended = Promise.withResolvers<void>();
      ended.promise.catch(() => {});
      const startedAtMs = performance.now();
      const about: { host: string; ttfb_seconds?: number } = { host: url.host };
      span('cloudfront_download', about, () => ended.promise).catch(() => {});
      try {
        const reply = await http.request(url, options);
        about.ttfb_seconds = (performance.now() - startedAtMs) / 1000;
        metrics.add('TimeToFirstByte', about.ttfb_seconds);
        return {
          ...reply,
          body: {
            discard: () => {
              ended.resolve();
              reply.body.discard();
            },
            pump: async (take) => {
              try {
                await reply.body.pump(take);
                ended.resolve();
              } catch (error) {
                ended.reject(error);
                throw error;
              }
            },
          },
        };
      } catch (error) {
        ended.reject(error);
        throw error;
      }
    },
  };
}
