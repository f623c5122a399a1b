/** Media hosts as an attacker would have them, over TLS where that makes a difference: nothing may hang, crash, or be taken for what it is not. */
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../test/support/certificate.ts';
import { openClient, pause, startRawServer, trickle } from '../../../test/support/raw-http.ts';
import { createHttpClient, HttpTimeout } from './index.ts';
import { slabBytes } from './slabs.ts';

const certificate = makeCertificate();
setDefaultCACertificates([certificate.cert]);

const flood = 'z'.repeat(300_000);
const ok = (length: number, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;

/** Sends on and on until the client hangs up. */
async function drip(socket: Socket, text: string, everyMs: number): Promise<void> {
  while (!socket.destroyed) {
    socket.write(text);
    await pause(everyMs);
  }
}

describe.each([
  { client: 'undici client', bulk: false },
  { client: 'raw client', bulk: true },
  { client: 'undici client over TLS', bulk: false, tls: certificate },
  { client: 'raw client over TLS', bulk: true, tls: certificate },
])('the $client', ({ bulk, tls }) => {
  test.each<{ readonly name: string; readonly answer: (socket: Socket) => unknown }>([
    { name: 'a head without an end', answer: (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${flood}`) },
    {
      name: 'a head without an end, in pieces of odd lengths',
      answer: async (socket) => trickle(socket, `HTTP/1.1 200 OK\r\nx: ${flood}`, 17_001),
    },
    { name: 'no HTTP, but a lot of it', answer: (socket) => socket.write(`SSH-2.0\r\n\r\n${flood}`) },
  ])('fails at once on $name', async ({ answer }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    await expect(client.request(server.url, { stallMs: 60_000 })).rejects.toThrow();
  });

  test.each<{ readonly name: string; readonly answer: (socket: Socket) => unknown }>([
    {
      name: 'a head that comes a byte at a time',
      answer: async (socket) => trickle(socket, `HTTP/1.1 200 OK\r\nx: ${flood}`, 1, 20),
    },
    { name: 'announcements without end', answer: async (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 1) },
    {
      name: 'a head full of announcements, and no reply',
      answer: (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(20_000)),
    },
  ])('gives up in time on $name', async ({ answer }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const startedAt = performance.now();
    await expect(client.request(server.url, { stallMs: 300 })).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test.each([0, 20])('a HEAD answered with a body %i ms later spoils no other reply', async (delayMs) => {
    await using server = await startRawServer(async (socket, request) => {
      socket.write(request === 1 ? ok(flood.length) : `${ok(5)}hello`);
      if (delayMs > 0) await pause(delayMs);
      if (request === 1) socket.write(flood);
    }, tls);
    await using client = openClient(bulk, 1);
    const head = await client.fetch(server.url, { method: 'HEAD' });
    expect([head.status, head.body.length, head.error]).toEqual([200, 0, undefined]);
    await pause(2 * delayMs);
    expect((await client.fetch(server.url)).body.toString()).toBe('hello');
  });

  test('what an idle connection says is nobody’s reply', async () => {
    await using server = await startRawServer(async (socket, request) => {
      socket.write(`${ok(5)}hello`);
      await pause(20);
      if (request === 1) socket.write(`${ok(6)}poison`);
    }, tls);
    await using client = openClient(bulk, 1);
    await client.fetch(server.url);
    while (!server.connections[0]?.destroyed) await pause(5);
    const second = await client.fetch(server.url).catch(() => client.fetch(server.url));
    expect(second.body.toString()).toBe('hello');
  });

  test('much more than was announced ends with what was announced', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(5) + 'hello' + flood), tls);
    await using client = openClient(bulk, 1);
    for (let round = 0; round < 3; round += 1) {
      const { body, error } = await client.fetch(server.url);
      expect(error === undefined ? body.toString() : 'refused').toMatch(/^(?:hello|refused)$/);
    }
  });

  test('a body that is ended in good order before its length is broken, whatever the taker does', async () => {
    const sent = 3 * slabBytes + 77;
    await using server = await startRawServer((socket) => {
      socket.write(ok(sent + 1));
      socket.end('x'.repeat(sent));
    }, tls);
    await using client = openClient(bulk, 1);
    for (const takeMs of [0, 30]) {
      const { body } = await client.request(server.url, { stallMs: 5_000 });
      let taken = 0;
      const pumped = body.pump((chunk) => {
        taken += chunk.length;
        return takeMs === 0 ? undefined : pause(takeMs).then(() => undefined);
      });
      await expect(pumped).rejects.toThrow();
      expect(taken).toBe(sent);
    }
  });

  test('names of headers that objects have by themselves are names like any other', async () => {
    await using server = await startRawServer(
      (socket) => socket.write(ok(0, 'constructor: a\r\ntoString: b\r\n__proto__: c\r\nhasOwnProperty: d\r\n')),
      tls,
    );
    await using client = openClient(bulk);
    const { headers } = await client.fetch(server.url);
    expect(headers['constructor']).toBe('a');
    expect(headers['tostring']).toBe('b');
    expect(headers['hasownproperty']).toBe('d');
    expect(headers['location']).toBeUndefined();
  });

  test('who waits in line when the client is closed is told so, and nobody is served afterwards', async () => {
    await using server = await startRawServer(() => {}, tls);
    const client = createHttpClient({ connections: 1 });
    const asked = [1, 2, 3].map(async () => client.request(server.url, { stallMs: 60_000, bulk }));
    const outcomes = Promise.allSettled(asked);
    while (server.requests.length === 0) await pause(5);
    await client.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(client.request(server.url, { stallMs: 60_000, bulk })).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
    const elsewhere = new URL('http://127.0.0.1:1/');
    await expect(client.request(elsewhere, { stallMs: 60_000, bulk })).rejects.toThrow(/closed|destroyed/);
  });

  test('who gives up while waiting in line never reaches the server', async () => {
    await using server = await startRawServer(async (socket) => {
      await pause(50);
      socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk, 1);
    const first = client.fetch(server.url, { stallMs: 60_000 });
    while (server.requests.length === 0) await pause(5);
    const abort = new AbortController();
    const second = client.fetch(server.url, { stallMs: 60_000, signal: abort.signal });
    const third = client.fetch(server.url, { stallMs: 60_000 });
    abort.abort(new Error('no longer'));
    await expect(second).rejects.toThrow('no longer');
    expect((await Promise.all([first, third])).map(({ body }) => body.toString())).toEqual(['hello', 'hello']);
    expect(server.requests).toHaveLength(2);
  });

  test('a taker that aborts everything within its own call ends the body with the reason', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(flood.length) + flood), tls);
    await using client = openClient(bulk, 1);
    const abort = new AbortController();
    const reason = new Error('all is given up');
    const { body } = await client.request(server.url, { stallMs: 60_000, signal: abort.signal });
    await expect(body.pump(() => abort.abort(reason) as undefined)).rejects.toBe(reason);
    expect((await client.fetch(server.url)).body).toHaveLength(flood.length);
  });

  test('a body that broke before anybody took it is told to whoever takes it', async () => {
    await using server = await startRawServer((socket) => socket.end(`${ok(9)}hello`), tls);
    await using client = openClient(bulk, 1);
    const { body } = await client.request(server.url, { stallMs: 60_000 });
    await pause(50);
    const chunks: string[] = [];
    await expect(body.pump((chunk) => void chunks.push(Buffer.from(chunk).toString()))).rejects.toThrow();
    expect(chunks.join('')).toBe('hello');
  });

  test('a body that stays silent in the middle is given up although its connection was paused before', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(5 * slabBytes) + 'x'.repeat(4 * slabBytes)), tls);
    await using client = openClient(bulk, 1);
    const { body } = await client.request(server.url, { stallMs: 300 });
    let taken = 0;
    const pumped = body.pump(async (chunk) => {
      taken += chunk.length;
      await pause(40);
    });
    await expect(pumped).rejects.toBeInstanceOf(HttpTimeout);
    expect(taken).toBe(4 * slabBytes);
  });
});

test('the undici client speaks HTTP/1.1 also to a server that prefers HTTP/2', async () => {
  const server = createSecureServer(
    { ...certificate, allowHTTP1: true },
    (request, reply) => void reply.end(request.httpVersion),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await using client = openClient(false);
  const seen = await client.fetch(new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`), { stallMs: 10_000 });
  expect(seen.body.toString()).toBe('1.1');
  server.close();
});

test('a proxy that refuses leaves no connection behind', async () => {
  await using proxy = await startRawServer((socket) =>
    socket.write('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nhello'),
  );
  const client = createHttpClient({ connections: 1, proxy: { http: proxy.url.origin } });
  for (let request = 0; request < 3; request += 1) {
    await expect(client.request(new URL('http://media.invalid/a'), { stallMs: 1_000 })).rejects.toThrow('407');
  }
  await pause(50);
  expect(proxy.connections.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(1);
  await client.close();
});
