/** Replies of an attacker: no client hangs, crashes, or takes one reply for another. */
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { certificate, clients, ok } from '../../../test/support/http-clients.ts';
import { openClient, pause, startRawServer, trickle } from '../../../test/support/raw-http.ts';
import { createHttpClient, HttpTimeout } from './index.ts';
import { slabBytes } from './slabs.ts';

const flood = 'z'.repeat(300_000);

/** Sends the text again and again until the client closes the connection. */
async function drip(socket: Socket, text: string, everyMs: number): Promise<void> {
  while (!socket.destroyed) {
    socket.write(text);
    await pause(everyMs);
  }
}

describe.each(clients)('the $client', ({ bulk, tls }) => {
  test.each<{ readonly name: string; readonly answer: (socket: Socket) => unknown }>([
    { name: 'a head without an end', answer: (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${flood}`) },
    {
      name: 'a head without an end, in pieces of odd lengths',
      answer: async (socket) => trickle(socket, `HTTP/1.1 200 OK\r\nx: ${flood}`, 17_001),
    },
    { name: 'much data that is not HTTP', answer: (socket) => socket.write(`SSH-2.0\r\n\r\n${flood}`) },
  ])('a client fails before its timeout on $name', async ({ answer }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    await expect(client.request(server.url, { stallMs: 60_000 })).rejects.toThrow();
  });

  test.each<{ readonly name: string; readonly answer: (socket: Socket) => unknown }>([
    {
      name: 'a head that comes a byte at a time',
      answer: async (socket) => trickle(socket, `HTTP/1.1 200 OK\r\nx: ${flood}`, 1, 20),
    },
    { name: 'endless interim replies', answer: async (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 1) },
    {
      name: 'a head full of interim replies, and no final reply',
      answer: (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(20_000)),
    },
  ])('a client fails soon after its timeout on $name', async ({ answer }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const startedAt = performance.now();
    await expect(client.request(server.url, { stallMs: 300 })).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test.each([0, 20])('if a body follows a HEAD reply after %i ms, the body does not affect the next reply', async (delayMs) => {
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

  test('bytes that come over an idle connection do not become a reply', async () => {
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

  test('a body that is much longer than announced is cut or refused', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(5) + 'hello' + flood), tls);
    await using client = openClient(bulk, 1);
    for (let round = 0; round < 3; round += 1) {
      const { body, error } = await client.fetch(server.url);
      expect(error === undefined ? body.toString() : 'refused').toMatch(/^(?:hello|refused)$/);
    }
  });

  test('a body that ends before its announced length is an error, however slow the taker is', async () => {
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

  test('a header may have the name of a property that every object has, such as `constructor`', async () => {
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

  test('closing the client rejects the waiting requests and all later ones', async () => {
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

  test('a request that is aborted while it waits in line never reaches the server', async () => {
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

  test("if the taker aborts the request while it takes a chunk, the body ends with the signal's reason", async () => {
    await using server = await startRawServer((socket) => socket.write(ok(flood.length) + flood), tls);
    await using client = openClient(bulk, 1);
    const abort = new AbortController();
    const reason = new Error('all is given up');
    const { body } = await client.request(server.url, { stallMs: 60_000, signal: abort.signal });
    await expect(body.pump(() => abort.abort(reason) as undefined)).rejects.toBe(reason);
    expect((await client.fetch(server.url)).body).toHaveLength(flood.length);
  });

  test('if a body breaks off before the caller takes it, the caller gets an error', async () => {
    await using server = await startRawServer((socket) => socket.end(`${ok(9)}hello`), tls);
    await using client = openClient(bulk, 1);
    const { body } = await client.request(server.url, { stallMs: 60_000 });
    await pause(50);
    const chunks: string[] = [];
    await expect(body.pump((chunk) => void chunks.push(Buffer.from(chunk).toString()))).rejects.toThrow();
    expect(chunks.join('')).toBe('hello');
  });

  test('a silent body is abandoned even if its connection was paused before', async () => {
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

test('the undici client speaks HTTP/1.1 even to a server that prefers HTTP/2', async () => {
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

test('when a proxy refuses, no connection stays open', async () => {
  await using proxy = await startRawServer((socket) =>
    socket.write('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nhello'),
  );
  const client = createHttpClient({ connections: 1, proxies: { http: new URL(proxy.url.origin), bypass: [] } });
  for (let request = 0; request < 3; request += 1) {
    await expect(client.request(new URL('http://media.invalid/a'), { stallMs: 1_000 })).rejects.toThrow('407');
  }
  await pause(50);
  expect(proxy.connections.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(1);
  await client.close();
});
