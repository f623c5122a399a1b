import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createHttpClient, type RequestOptions } from '../../src/lib/http/index.ts';
import type { Certificate } from './certificate.ts';

/** A server that sends exactly the bytes that a test gives, and a client that records a reply. */

export interface RawServer extends AsyncDisposable {
  readonly url: URL;
  /** The heads of all requests so far. */
  readonly requests: readonly string[];
  readonly connections: readonly Socket[];
}

/**
 * Starts a server that calls `answer` with the number of each request, from 1 on. A certificate
 * turns TLS on.
 */
export async function startRawServer(
  answer: (socket: Socket, request: number) => unknown,
  certificate?: Certificate,
): Promise<RawServer> {
  const requests: string[] = [];
  const connections: Socket[] = [];
  const serve = (socket: Socket) => {
    connections.push(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        requests.push(text.slice(0, end));
        text = text.slice(end + 4);
        answer(socket, requests.length);
      }
    });
  };
  const server: Server = certificate ? createTlsServer(certificate, serve) : createServer(serve);
  // The server ignores a client that hangs up while the connection is made.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`${certificate ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/film.mp4?signed=1`),
    requests,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Seen {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** The error that ended the body early. */
  readonly error: unknown;
}

export function openClient(bulk: boolean, connections = 2) {
  const client = createHttpClient({ connections });
  const request = async (url: URL, options: Partial<RequestOptions> = {}) =>
    client.request(url, { stallMs: 400, bulk, ...options });
  return {
    request,
    /** Copies the chunks, because the client reuses their memory. */
    fetch: async (url: URL, options: Partial<RequestOptions> = {}): Promise<Seen> => {
      const { status, headers, body } = await request(url, options);
      const chunks: Buffer[] = [];
      const error = await body
        .pump((chunk) => void chunks.push(Buffer.from(chunk)))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      return { status, headers, body: Buffer.concat(chunks), error };
    },
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

export const pause = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function trickle(socket: Socket, bytes: Buffer | string, size: number, everyMs = 0): Promise<void> {
  socket.setNoDelay(true);
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.slice(at, at + size));
    await pause(everyMs);
  }
}
