import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type ClientRequest, type IncomingHttpHeaders, request as send } from 'node:http';
import type { S3Store } from '../index.ts';

export const CREDENTIALS = { accessKeyId: 'TESTKEY', secretAccessKey: 'not-a-secret' };

/** A client of the real SDK that does not retry requests. */
export function connect(store: S3Store, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: store.endpoint,
    forcePathStyle: true,
    region: 'eu-west-3',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    ...config,
  });
}

/** Bytes that each differ from their neighbours, so that a test notices a shift. */
export function bytes(sizeBytes: number, seed = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >>> 8) + seed) % 256));
}

interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface RawRequest {
  readonly headers?: Record<string, string>;
  /** The pieces of a list are sent one by one. */
  readonly body?: Buffer | string | readonly Buffer[];
  /** If true, the header Content-Length is not sent. */
  readonly unknownLength?: boolean;
  /** If true, the client sends the body and breaks the connection before the request ends. */
  readonly cut?: boolean;
}

/** Sends a request without the SDK, with a false signature. Rejects if the connection breaks. */
export function raw(store: S3Store, method: string, path: string, options: RawRequest = {}): Promise<RawReply> {
  const authorization = `AWS4-HMAC-SHA256 Credential=any/20260101/eu-west-3/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  const body = options.body ?? '';
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body;
  const length = { 'content-length': String(pieces.reduce((sum, piece) => sum + piece.length, 0)) };
  const headers = {
    authorization,
    'x-amz-date': '20260101T000000Z',
    ...(options.unknownLength ? {} : length),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = send(`${store.endpoint}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', reject);
    request.setNoDelay(true);
    writePieces(request, pieces).then(() => (options.cut ? setTimeout(() => request.destroy(), 50) : request.end()), reject);
  });
}

async function writePieces(request: ClientRequest, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (piece.length > 0) request.write(piece);
    await new Promise(setImmediate);
  }
}
