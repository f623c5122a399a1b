/** The raw client and undici accept the same replies and fail on the same replies. */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { clients, ok } from '../../../test/support/http-clients.ts';
import { openClient, startRawServer, trickle } from '../../../test/support/raw-http.ts';
import { HttpTimeout } from './index.ts';
import { slabBytes } from './slabs.ts';

const big = Buffer.alloc(3 * slabBytes + 12_345, 'the bytes of a film ');

/**
 * Valid replies. `requests` is the number of requests that the raw client causes. It is 2 if undici
 * repeats the request.
 */
const whole: readonly {
  readonly name: string;
  readonly answer: (socket: Socket) => unknown;
  readonly status?: number;
  readonly body?: Buffer | string;
  readonly requests?: number;
}[] = [
  { name: 'a small body in one piece', answer: (socket) => socket.write(`${ok(5)}hello`), body: 'hello' },
  { name: 'an empty body', answer: (socket) => socket.write(ok(0)), body: '' },
  {
    name: 'a body of several slabs',
    answer: (socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])),
    body: big,
  },
  {
    name: 'a body that fills its slabs exactly',
    answer: (socket) => socket.write(Buffer.concat([Buffer.from(ok(2 * slabBytes)), big.subarray(0, 2 * slabBytes)])),
    body: big.subarray(0, 2 * slabBytes),
  },
  { name: 'a head byte by byte', answer: async (socket) => trickle(socket, `${ok(5, 'ETag: "a"\r\n')}hello`, 1), body: 'hello' },
  {
    name: 'a body in pieces, slowly',
    answer: async (socket) => trickle(socket, `${ok(20)}${'x'.repeat(20)}`, 8, 30),
    body: 'x'.repeat(20),
  },
  {
    name: 'a partial reply',
    answer: (socket) =>
      socket.write('HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4/9\r\ncontent-length: 5\r\n\r\nhello'),
    status: 206,
    body: 'hello',
  },
  {
    name: 'an interim reply before the final reply',
    answer: (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok(5)}hello`),
    body: 'hello',
  },
  { name: 'no content', answer: (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'), status: 204, body: '' },
  {
    name: 'a connection that closes after the reply',
    answer: (socket) => socket.end(`${ok(5, 'Connection: close\r\n')}hello`),
    body: 'hello',
  },
  {
    name: 'a redirect',
    answer: (socket) => socket.write('HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n'),
    status: 302,
    body: '',
  },
  {
    name: 'a refusal with a page',
    answer: (socket) => socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\n\r\nno!'),
    status: 403,
    body: 'no!',
  },
  {
    name: 'a chunked body',
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
    body: 'hello',
    requests: 2,
  },
  {
    name: 'a body that ends with the connection',
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'),
    body: 'hello',
    requests: 2,
  },
  {
    name: 'an encoded body, which it does not decode',
    answer: (socket) => socket.write(ok(5, 'Content-Encoding: gzip\r\n') + 'hello'),
    body: 'hello',
    requests: 2,
  },
];

/** Resets a connection, or destroys the socket if the connection uses TLS. */
const reset = (socket: Socket) => ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy());

/**
 * Replies that are invalid or break off. `body` is the beginning of the body, which the caller gets
 * before the error.
 */
const broken: readonly {
  readonly name: string;
  readonly answer: (socket: Socket) => unknown;
  readonly body?: string;
  readonly timeout?: boolean;
}[] = [
  { name: 'cut after some bytes', answer: (socket) => socket.end(`${ok(9)}hello`), body: 'hello' },
  { name: 'silent after some bytes', answer: (socket) => socket.write(`${ok(9)}hello`), body: 'hello', timeout: true },
  { name: 'silent from the start', answer: () => {}, timeout: true },
  { name: 'silent within the head', answer: (socket) => socket.write('HTTP/1.1 200 OK\r\n'), timeout: true },
  { name: 'closed before a byte', answer: (socket) => socket.end() },
  { name: 'reset before a byte', answer: reset },
  { name: 'closed within the head', answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-') },
  {
    name: 'a head of more than 70,000 bytes',
    answer: (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`),
  },
  { name: 'no HTTP at all', answer: (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n\r\n') },
  {
    name: 'two lengths',
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello'),
  },
  {
    name: 'a length and a transfer coding',
    answer: (socket) => socket.write(ok(5, 'Transfer-Encoding: nonsense, chunked, x\r\n') + 'hello'),
  },
];

describe.each(clients)('the $client', ({ bulk, tls }) => {
  test.each(whole)('a client accepts $name', async ({ answer, status = 200, body = '', requests = 1 }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const seen = await client.fetch(server.url, { stallMs: 10_000 });
    expect(seen.error).toBeUndefined();
    expect(seen.status).toBe(status);
    expect(seen.body.equals(Buffer.from(body))).toBe(true);
    expect(server.requests).toHaveLength(bulk ? requests : 1);
  });

  test.each(broken)('a client fails on a broken reply: $name', async ({ answer, body, timeout = false }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const seen = await client.fetch(server.url).catch((error: unknown) => ({ error, body: undefined }));
    expect(seen.error).toBeInstanceOf(timeout ? HttpTimeout : Error);
    expect(seen.body?.toString()).toBe(body);
  });

  test('a client gives the names of headers in lower case, and joins repeated headers', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(0, 'ETag:  "a b"\r\nX-Two: 1\r\nx-two: 2\r\n')), tls);
    await using client = openClient(bulk);
    const { headers } = await client.fetch(server.url);
    expect(headers).toMatchObject({ etag: '"a b"', 'x-two': '1, 2', 'content-length': '0' });
  });
});
